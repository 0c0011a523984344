//! What is said to people: every message has one stable code and both texts, side by side, here.

/// The tongue that people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// The tongue of `--lang` or a `LANG` such as `zh_CN.UTF-8`; English when neither is known.
    pub fn of(text: &str) -> Lang {
        if text.to_ascii_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
    }

    /// The text of this tongue.
    pub fn pick<'t>(self, en: &'t str, zh: &'t str) -> &'t str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

/// The messages about files of the home. Nouns stand in braces and are the same in both tongues.
macro_rules! codes {
    ($($name:ident $id:literal $en:literal $zh:literal $hint_en:literal $hint_zh:literal;)*) => {
        /// What can be wrong with a file of the home.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $en] $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable identifier.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// The message, with its nouns in braces.
            pub fn text(self, lang: Lang) -> &'static str {
                match self { $(Code::$name => lang.pick($en, $zh),)* }
            }

            /// What to do, with its nouns in braces.
            pub fn hint(self, lang: Lang) -> Option<&'static str> {
                let hint = match self { $(Code::$name => lang.pick($hint_en, $hint_zh),)* };
                (!hint.is_empty()).then_some(hint)
            }
        }
    };
}

codes! {
    Syntax "H001" "cannot be read: {problem}" "无法解析:{problem}" "" "";
    UnknownKey "H002" "unknown key `{found}`" "未知的键 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    MissingKey "H003" "key `{key}` is missing" "缺少键 `{key}`" "add `{key} = {example}`" "请加上 `{key} = {example}`";
    WrongType "H004" "expected {expected}, found {found}" "应为{expected},实为{found}" "" "";
    UnknownWord "H005" "unknown word `{found}`" "未知的取值 `{found}`" "one of {choices}" "可取:{choices}";
    Duplicate "H006" "`{found}` is named twice" "`{found}` 重复定义" "" "";
    BadNumber "H007" "`{found}` is not {expected}" "`{found}` 不是{expected}" "" "";
    BadPattern "H008" "not a regular expression: {problem}" "不是正则表达式:{problem}" "" "";
    StillThere "H220" "`{found}` is a stream of this home, so its rows are its own" "`{found}` 是本目录中的数据流,其行归其自身" "`was` names what a stream was called before, as `system.stream`" "`was` 写数据流的旧名,如 `system.stream`";
    KeepAsksCalendar "H221" "`where` asks the calendar, and rows for which it has no year yet would be left out without a word" "`where` 依赖工作日历,日历尚无年份的行会被悄悄略去" "derive a column, and ask it in `FILTER (WHERE …)` of the measures" "请派生一列,在指标元素的 `FILTER (WHERE …)` 中使用";
    UnknownTable "H010" "no schema describes table `{found}`" "没有数据表 `{found}` 的结构定义" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    UnknownColumn "H011" "table `{table}` has no column `{found}`" "数据表 `{table}` 没有列 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    UnmappedRequired "H012" "required column `{found}` of `{table}` has no source" "`{table}` 的必填列 `{found}` 没有来源" "add `{found} = \"…\"` to [stream.columns]" "请在 [stream.columns] 中加上 `{found} = \"…\"`";
    SharedHeader "H013" "columns `{one}` and `{other}` both claim `{header}`" "列 `{one}` 与 `{other}` 都取自 `{header}`" "" "";
    UnknownCodes "H014" "no code table `{found}` in schemas/codes" "schemas/codes 中没有代码表 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    IdentityNeeded "H015" "`{found}` identifies a person, so it must say how it is read" "`{found}` 是个人标识,须说明如何读取" "add `identity = \"cn_id\"` or `identity = \"opaque\"`" "请加上 `identity = \"cn_id\"` 或 `identity = \"opaque\"`";
    IdentityMade "H019" "`{found}` identifies a person and is read from a header alone, where it is hidden before it lands" "`{found}` 是个人标识,只能直接取自来源列,以便落地前脱敏" "remove `sql` and `constant`" "请删去 `sql` 与 `constant`";
    DroppedColumn "H016" "`{found}` is marked `drop` and is never stored" "`{found}` 标为 `drop`,不得入库" "remove the line" "请删去这一行";
    HiddenShape "H017" "`{found}` is hidden as it lands, so its values cannot become rows" "`{found}` 落地时即隐去,不能拆成多行" "" "";
    FullNeeds "H018" "`full` has no meaning here" "`full` 在此处没有意义" "it needs a `cursor` and `write = \"upsert\"`" "它需要 `cursor` 与 `write = \"upsert\"`";
    UnknownFact "H020" "no fact is named `{found}`" "没有名为 `{found}` 的事实" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    UnknownName "H021" "`{found}` is no measure and no metric" "`{found}` 既不是计量也不是指标" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    Circle "H022" "the formula of `{found}` rests on itself: {path}" "`{found}` 的公式依赖自身:{path}" "" "";
    TellsNoDay "H240" "`{found}` is of the type {kind}, and tells no day" "`{found}` 的类型是 {kind},不是日期或时间" "rows count by a column of the type date or datetime" "请写一个类型为 date 或 datetime 的列";
    NoStock "H241" "`at_quarter_ends` adds up what holds at the ends of quarters, and `{found}` tells what happens" "`at_quarter_ends` 累加各季度末的存量,而 `{found}` 不是存量" "take it away, or count a fact with `kind = \"stock\"`" "请去掉,或改用 `kind = \"stock\"` 的事实";
    KeyMayBeEmpty "H213" "every column of the key `{found}` may be empty, and rows come into `{table}`" "主键 `{found}` 的各列均允许为空,而 `{table}` 由来源填入" "write `\"constraints\": {\"required\": true}` at one of them: a row without it is quarantined, or else one row without any would stand for all such" "请至少在其中一列写明 `\"constraints\": {\"required\": true}`:缺值的行将被隔离,否则所有缺值的行会被当作同一行";
    AppendBehind "H217" "what is committed late stands behind this cursor and never comes" "迟到的行落在游标之后,不会再取到" "`lookback = \"3d\"` reads it again, `lag = \"5m\"` waits for it; `lookback = \"0d\"` says that nothing is late" "`lookback = \"3d\"` 会回看重取,`lag = \"5m\"` 会稍候再取;确无迟到时请写 `lookback = \"0d\"`";
    SnapshotCursor "H248" "a cursor brings only what changed, and a snapshot without `within` deletes all that does not come" "游标只取有变化的行,而未写 `within` 的快照会删除所有未出现的行" "take `cursor` away; or write `write = \"upsert\"` and `full = \"monthly\"`" "请去掉 `cursor`;或改写 `write = \"upsert\"` 并写 `full = \"monthly\"`";
    NotTold "H190" "the metric is not told of `{found}`" "指标未列 `{found}`" "take what its `grain` and `period` have: {choices}" "只能取 `grain` 与 `period` 已列的:{choices}";
    UnknownDimension "H023" "nothing is counted by `{found}`" "没有按 `{found}` 计数的事实" "the dimensions are {choices}; name one in `by` of a fact" "可用的维度:{choices};请在事实的 `by` 中写明";
    NotCountedBy "H024" "measure `{found}` is not counted by `{by}`" "计量 `{found}` 没有按 `{by}` 计数" "add `by = [\"{by}\"]` to its fact" "请在其事实中加上 `by = [\"{by}\"]`";
    NoSection "H249" "measure `{found}` is of a fact that has no `section`" "计量 `{found}` 的事实没有 `section`" "add `section = \"…\"` to its fact: it is told over sections" "请在其事实中加上 `section = \"…\"`,因该指标按科室汇总";
    FormulaFunction "H025" "at {at}: function `{found}` is not in the formula language" "第 {at} 处:公式语言中没有函数 `{found}`" "the functions are {choices}" "可用的函数:{choices}";
    UnknownList "H026" "no list `{found}` stands in pipelines/reference" "pipelines/reference 中没有名录 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    Dimension "H027" "it is measured in {stated}, and its formula gives {found}" "单位写作 {stated},公式得出 {found}" "units multiply with `·` and divide with `/`, as in 件/人·月; `%` and `1` are none" "单位以 `·` 相乘、以 `/` 相除,如 件/人·月;`%` 与 `1` 无量纲";
    DimensionSum "H029" "{one} and {other} cannot be added or compared" "{one} 与 {other} 不能相加减或比较" "only what is measured in the same can be" "只有同一单位方可";
    Sql "H030" "at {at}: {problem}" "第 {at} 处:{problem}" "" "";
    SqlColumn "H031" "at {at}: `{found}` is not a column here" "第 {at} 处:此处没有列 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    NoColumn "H028" "`{found}` is not a column here" "此处没有列 `{found}`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    SqlFunction "H032" "at {at}: function `{found}` is not in the measure language" "第 {at} 处:计量语言中没有函数 `{found}`" "the functions are {choices}" "可用的函数:{choices}";
    SqlAggregate "H033" "at {at}: no aggregate: a measure aggregates rows" "第 {at} 处:没有聚合:计量须对行作聚合" "such as `COUNT(*) FILTER (WHERE …)`" "例如 `COUNT(*) FILTER (WHERE …)`";
    SqlCompound "H034" "at {at}: a measure is one aggregate, and nothing around it" "第 {at} 处:一个计量只能是一次聚合,其外不得再运算" "make measures of {parts}, and a metric of them: `value = \"{formula}\"`" "请将 {parts} 各作一个计量,再由指标合成:`value = \"{formula}\"`";
    SqlBare "H035" "at {at}: column `{found}` stands outside an aggregate" "第 {at} 处:列 `{found}` 在聚合之外" "aggregate it: `SUM({found})`, `COUNT({found})`" "请作聚合:`SUM({found})`、`COUNT({found})`";
    SqlNested "H036" "at {at}: aggregate {found} stands inside another expression over rows" "第 {at} 处:聚合 {found} 不能置于逐行表达式之内" "a metric combines measures, also over parts: `SUM(x / y OVER sections)`" "多个计量由指标合成,也可按部分:`SUM(x / y OVER sections)`";
    SqlWindow "H037" "at {at}: {found} with OVER: a window is not in the measure language" "第 {at} 处:{found} 带 OVER:计量语言中没有窗口" "`ORDINAL` and `REPEATS` compare rows in [fact.derive]" "逐行比较请在 [fact.derive] 中用 `ORDINAL` 与 `REPEATS`";
    SqlSubquery "H038" "at {at}: a subquery is not in the measure language" "第 {at} 处:计量语言中没有子查询" "`exists` in [fact.derive] asks for rows of another fact" "另一事实的行请在 [fact.derive] 中用 `exists`";
    SqlPart "H210" "at {at}: {name} heeds no `{found}`" "第 {at} 处:{name} 不认 `{found}`" "leave it out: which rows count is said by `FILTER (WHERE …)` of the measure, what comes first among rows by `ORDINAL` in [fact.derive]" "请去掉:计入哪些行由计量的 `FILTER (WHERE …)` 写明,各行的先后由 [fact.derive] 中的 `ORDINAL` 写明";
    SqlType "H039" "at {at}: `{what}` takes {expected}, not {found}" "第 {at} 处:`{what}` 须为 {expected},而非 {found}" "write it as `{example}`" "请写作 `{example}`";
    SignatureTest "H040" "the worked example gives `{found}`, not `{expected}`, for `{header}`" "示例签名 `{header}` 得到 `{found}`,应为 `{expected}`" "check `text`, `algorithm` and `encoding`" "请检查 `text`、`algorithm` 与 `encoding`";
    Template "H041" "`${{name}}` is not known here" "此处没有 `${{name}}`" "the names are {choices}" "可用:{choices}";
    RowOfNone "H180" "`{found}` is of no parent" "`{found}` 没有上级数据流" "say of which stream's rows: `each = { of = \"cases\" }`" "请写明取哪个数据流的行:`each = { of = \"cases\" }`";
    NoRowNamed "H181" "no question names the parent's row" "请求中未用到上级数据流的行" "write `${row.…}` with a header of the parent into `path` or `parameters`" "请在 `path` 或 `parameters` 中写 `${row.…}`,取上级数据流的列名";
    NoParent "H182" "`{found}` is no stream before this one" "`{found}` 不是位于此前的数据流" "a parent is a stream of kind http of the same file, and stands above its children" "上级须是同一文件中的 http 数据流,并写在下级之前";
    ExportHasPages "H184" "`page` has no meaning with `export`" "有 `export` 时 `page` 没有意义" "a job brings all rows of a slice in one file; leave `page` out" "导出任务以一个文件给出一段的全部行;请去掉 `page`";
    LinesSayNothing "H187" "lines of JSON have nothing beside their records, so that `{found}` finds nothing" "每行一个 JSON 的应答在记录之外别无内容,`{found}` 无从取值" "leave it out; pages of `number`, `offset` and `link_header` can be asked for without it" "请去掉;`number`、`offset`、`link_header` 三种分页不需要它";
    EachIsAPart "H185" "not every row of the parent is asked about every night: what is absent would be deleted" "并非每夜都为上级流的每一行发问:未到的行会被当作已删除" "say `write = \"upsert\"`, or `write = \"snapshot\"` with `within`, and no `full`" "请写 `write = \"upsert\"`,或在 `write = \"snapshot\"` 时写 `within`,并且不写 `full`";
    EachHasNoCursor "H186" "a row of the parent that came late would be asked only for what changed lately" "迟到的上级流行只会被问及近期变动" "leave out `cursor`: the rows that came say what is asked" "请去掉 `cursor`:问什么由到来的行决定";
    NotLanded "H183" "`{found}` is not stored as it comes, or not at all" "`{found}` 不按原样存储,或根本不存储" "a question can name a header that a column of the parent reads, and that no `identity` or `reduce` hides" "请求中只能用上级数据流某列读取、且未以 `identity` 或 `reduce` 隐去的列名";
    SecretInClear "H130" "`{found}` stands here in clear" "此处直接写出了 `{found}` 的内容" "write `{example}`, and its text into `secrets/` of the home (mode 0600) or a SHUPING_SECRET_… variable; if this file was ever shared, change the secret" "请写 `{example}`,其内容放入主目录 `secrets/`(权限 0600)或 SHUPING_SECRET_… 变量;若此文件曾外传,请更换密钥";
    Alias "H050" "line does not read: {problem}" "无法读取该行:{problem}" "columns: system,alias,unit,valid_from,valid_to,note,decision,decided_at" "列为 system,alias,unit,valid_from,valid_to,note,decision,decided_at";
    AliasClash "H052" "`{alias}` is `{one}` by line {line} and `{other}` by this one, on the same days" "同一时期内,第 {line} 行以 `{alias}` 为 `{one}`,本行以之为 `{other}`" "give them days that do not overlap (`valid_to` is the first day no longer), or delete one" "请使起止日期不重叠(`valid_to` 为失效首日),或删去一行";
    AliasUndo "H053" "no line above that stands is the same: there is nothing to take back" "上方没有相同的有效行,无可撤销" "`undo` repeats the system, alias, unit and days of the line it takes back" "`undo` 行须与被撤销行的 system、alias、unit 和起止日期相同";
    AliasDays "H054" "no day is from {from} on and before {to}" "自 {from} 起、{to} 之前没有一天" "`valid_to` is the first day on which the line no longer holds" "`valid_to` 为失效首日";
    Calendar "H051" "{problem}" "{problem}" "columns: date,is_workday,name" "列为 date,is_workday,name";
    Codes "H055" "line does not read: {problem}" "无法读取该行:{problem}" "columns: spelling,value,source, and perhaps valid_from,valid_to" "列为 spelling,value,source,另可有 valid_from,valid_to";
    PointsSum "H080" "the points below add up to {sum}, not to {points}" "下级分值合计为 {sum},应为 {points}" "" "";
    FullPoints "H081" "the best case is worth {found} points, the leaf {points}; none is worth less than 0" "最好情形得 {found} 分,而该项为 {points} 分;任何情形不得低于 0 分" "" "";
    StepsElse "H082" "the last step, and no other, must be `else`" "最后一档须为 `else`,且只有最后一档" "end the table with a step that says `else = true`" "请以 `else = true` 的一档结尾";
    StepsOrder "H083" "no value passes the step at {before} by and meets the one at {found}" "没有数值能越过 {before} 一档而落入 {found} 一档" "order steps from the strictest to the mildest, all `ge` and `gt` or all `le` and `lt`" "各档由严到宽排列,且同为 `ge`、`gt` 或同为 `le`、`lt`";
    Condition "H084" "`{found}` is no condition" "`{found}` 不是条件" "a metric, a comparison and a number: `sections >= 3`" "写作指标、比较符与数:`sections >= 3`";
    UnknownMetric "H085" "no metric is named `{found}`" "没有名为 `{found}` 的指标" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    NotByData "H086" "a leaf has a `method` where `by` names `data`, and nowhere else" "`by` 含 `data` 的三级指标须有 `method`,其他的不得有" "" "";
    NoSlot "H205" "no leaf of {tree} has slot {found}" "{tree} 没有第 {found} 项个性指标" "slots that it has: {choices}" "可用的项:{choices}";
    SlotTaken "H206" "slot {slot} of `{found}` is filled by `{other}` already" "`{found}` 的第 {slot} 项个性指标已由 `{other}` 占用" "a unit has one indicator for each slot: give one of them another slot, or take its `[metric.scores]` away" "每个机构的每项个性指标只能有一个:请换一项,或去掉其中一个的 `[metric.scores]`";
    NotScored "H207" "`{found}` cannot be scored" "`{found}` 不能用于评分" "what is scored is a unit in a year: `grain` needs `unit`, `period` needs `year`, and the file names whom it is for by `units` or `category`" "评分以机构和年度为单位:`grain` 须含 `unit`,`period` 须含 `year`,文件须以 `units` 或 `category` 写明适用机构";
    List "H088" "line does not read: {problem}" "无法读取该行:{problem}" "columns: category,unit,values,note; values are separated by blanks" "列为 category,unit,values,note;values 以空格分隔";
    UnknownExample "H124" "`{found}` is no example" "`{found}` 不是示例" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    NoTest "H125" "`{found}` has no worked example" "`{found}` 没有算例" "add `[[metric.test]]` with example, period and value, and an `[[example]]` with its rows; docs/writing-a-metric.md shows one" "请加 `[[metric.test]]`(example、period、value)和写有数据行的 `[[example]]`;写法见 docs/writing-a-metric.md";
    NotEarlier "H120" "`{found}` is not before `{than}`" "`{found}` 不早于 `{than}`" "the definitions before stand newest first, each with a smaller version and an earlier since" "此前的定义按新旧排列,版本和起用月份逐个更小";
    SinceNeeded "H121" "version {found} has a definition before it, and does not say since when it holds" "第 {found} 版之前另有定义,却未写自何时起用" "add `since = \"2026-01\"`: periods that end in that month or later" "请加上 `since = \"2026-01\"`:止于该月及以后的周期用此定义";
    OtherMeaning "H122" "`{found}` means something else than in release {release}, and is still version {version}" "`{found}` 的口径与发布 {release} 不同,版本却仍为 {version}" "say `version = {next}` and `since`, and keep the definition before as `[[metric.earlier]]`; or `version = {next}` alone, if all periods are to be told anew" "请写 `version = {next}` 和 `since`,并把原定义留在 `[[metric.earlier]]`;若所有周期都按新口径重算,只写 `version = {next}`";
    MetricGone "H123" "`{found}` stands in release {release} and is not defined any more" "发布 {release} 中有 `{found}`,现已无此定义" "announce its end a year before: `deprecated = \"2026-01\"` and, where there is one, `replaced_by`" "停用须提前一年写明:`deprecated = \"2026-01\"`,有替代的写 `replaced_by`";
    OtherSince "H242" "version {version} of `{found}` begins in {since}, and in {was} in release {release}: periods between them would be told by another definition" "`{found}` 第 {version} 版自 {since} 起,而发布 {release} 中自 {was} 起:其间各期将按另一口径计算" "put `since` back; or say `version = {next}` with a `since` of its own" "请恢复原 `since`;或写 `version = {next}` 并另写 `since`";
    VersionGone "H243" "version {version} of `{found}` stands in release {release} and is gone, and no other tells the periods before {since}" "发布 {release} 中有 `{found}` 第 {version} 版,现已删除,{since} 之前各期再无口径" "put it back as `[[metric.earlier]]`; or take `since` away under a new version, if all periods are to be told anew" "请以 `[[metric.earlier]]` 恢复;若所有周期都按新口径重算,请升版并删去 `since`";
    NotYearly "H244" "`{found}` has no value of a unit in a year, so nobody would ever be judged by it" "`{found}` 没有机构的年度值,无法据以评分" "`grain` of the metric needs `unit` and `period` needs `year`" "该指标的 `grain` 须含 `unit`,`period` 须含 `year`";
    NoShare "H245" "`{found}` is measured in {unit}, and only a share is drawn towards its peers" "`{found}` 的计量单位为 {unit},只有占比才能向同类收缩" "take `estimate` away" "请去掉 `estimate`";
    Percent "H246" "`{found}` is a share, and its values are fractions: {bound} would be {bound} wholes" "`{found}` 是占比,其值为小数:{bound} 即 {bound} 倍" "did you mean {fraction}?" "是否应为 {fraction}?";
    FactCircle "H247" "fact `{found}` asks itself: {path}" "事实 `{found}` 经 `exists` 问到自身:{path}" "name a second fact over the same table, and ask that one" "请对同一数据表另立一个事实,并改问该事实";
    Reference "H087" "line does not read: {problem}" "无法读取该行:{problem}" "columns: category,metric,statistic,value" "列为 category,metric,statistic,value";
    NotKept "H056" "`{found}` is no table about persons, and none of `access`, `landing`, `quarantine` and `persons`" "`{found}` 不是涉及个人的数据表,也不是 `access`、`landing`、`quarantine` 或 `persons`" "did you mean `{guess}`?" "是否应为 `{guess}`?";
    NoConnector "H060" "no connector stands in connectors/" "connectors/ 中没有连接器" "`shuping init <dir>` writes a home to begin with" "`shuping init <目录>` 可生成一个初始目录";
    CronFields "H070" "a cron line has five fields, `{found}` has {count}" "cron 表达式应有五段,`{found}` 有 {count} 段" "minute, hour, day of month, month, day of week: `0 2 * * *` is every night at 02:00" "依次为分、时、日、月、星期:`0 2 * * *` 为每夜 02:00";
    CronField "H071" "`{found}` is no {field} of a cron line" "`{found}` 不是 cron 表达式的 {field} 段" "{field} takes {range}: `*`, numbers, ranges `a-b`, steps `*/n` or `a-b/n`, and lists of these; Friday to Sunday is `5-7`" "{field} 可取 {range}:`*`、数字、范围 `a-b`、步长 `*/n` 或 `a-b/n` 及其列表;周五至周日写作 `5-7`";
    CronNever "H072" "`{found}` never fires: none of its months has such a day" "`{found}` 永不触发:所列月份没有这样的日子" "February ends with the 29th, April, June, September and November with the 30th" "2 月最多 29 日,4、6、9、11 月只有 30 日";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn nouns(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_code_is_said_in_both_tongues_with_the_same_nouns() {
        let mut ids = BTreeSet::new();
        for code in Code::ALL {
            assert!(ids.insert(code.id()), "{} twice", code.id());
            assert!(!code.text(Lang::Zh).is_empty() && !code.text(Lang::En).is_empty());
            assert_eq!(nouns(code.text(Lang::Zh)), nouns(code.text(Lang::En)), "{}", code.id());
            assert_eq!(code.hint(Lang::Zh).map(nouns), code.hint(Lang::En).map(nouns));
        }
    }
}
