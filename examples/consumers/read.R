# What does the latest release say? As read.py, with base R alone, which knows no JSON and no SHA-256: the first is
# read by its layout, the second by sha256sum.
#     Rscript read.R RELEASE     a home's var/release

# In a locale without UTF-8, R ends a table at its first Chinese letter, with no more than a warning.
if (!l10n_info()[["UTF-8"]]) invisible(Sys.setlocale("LC_CTYPE", "C.UTF-8"))
setwd(commandArgs(trailingOnly = TRUE)[1])
text <- function(path) paste(readLines(path, encoding = "UTF-8", warn = FALSE), collapse = "\n")
value <- function(json, key) {
  found <- regmatches(json, regexpr(paste0('"', key, '": "?[^",\n]*'), json, perl = TRUE))
  sub('^"[^"]*": "?', "", found)
}
check <- function(path, hash) {
  told <- substr(system2("sha256sum", shQuote(path), stdout = TRUE), 1, 64)
  if (told != hash) stop(path, " is not as published")
}

latest <- text("latest.json") # once: it may name another release a moment later
manifest <- value(latest, "manifest")
check(manifest, value(latest, "sha256"))
package <- text(manifest)
if (!grepl('\n  "x:format": 1,\n', package, fixed = TRUE)) stop("this format is not known here")
setwd(dirname(manifest))
metrics <- strsplit(package, '"path": "metrics.csv"', fixed = TRUE)[[1]][2]
check("metrics.csv", sub("sha256:", "", value(metrics, "hash")))

# Every column is a text: codes keep their noughts, days stay days as they are written, and NA is a word.
rows <- read.csv("metrics.csv", colClasses = "character", na.strings = character(), fileEncoding = "UTF-8-BOM",
                 encoding = "UTF-8", check.names = FALSE)
cat(value(package, "version"), "\n", sep = "")
count <- table(rows$status[rows$period_kind == "year"])
for (status in names(count)) cat(status, " ", count[[status]], "\n", sep = "")
