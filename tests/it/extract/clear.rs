//! What does `check` say of a manifest that holds a secret itself?

use shuping::base::messages::Code;
use shuping::base::messages::Lang;
use shuping::spec::connector::read_connector;

fn with(url: &str, auth: &str, parameters: &str) -> String {
    format!(
        r#"format = 1
system = {{ name = "service", title = "政务服务", kind = "http" }}
http = {{ url = "{url}" }}
auth = {auth}
[[stream]]
name = "cases"
into = "case"
path = "/cases"
parameters = {parameters}
write = "upsert"
columns = {{ token = "令牌", password = "密码" }}
"#
    )
}

const OPEN: &str = r#"{ kind = "none" }"#;
const URL: &str = "${env:URL}";

#[test]
fn a_secret_in_clear_is_a_fault_with_its_place_and_what_to_write() {
    let header = |name: &str, value: &str| {
        format!(r#"{{ kind = "header", headers = {{ {name} = "{value}" }} }}"#)
    };
    for (text, line, key) in [
        (
            with(URL, &header("Authorization", "Bearer geheim7"), "{}"),
            4,
            "auth.headers.Authorization",
        ),
        (with(URL, &header("X-API-Key", "geheim7"), "{}"), 4, "auth.headers.X-API-Key"),
        (with(URL, &header("Cookie", "sid=geheim7"), "{}"), 4, "auth.headers.Cookie"),
        (with("https://me:geheim7@host/gate", OPEN, "{}"), 3, "http.url"),
        (with("https://host/gate?access_token=geheim7", OPEN, "{}"), 3, "http.url"),
        (with(URL, OPEN, r#"{ password = "geheim7" }"#), 9, "stream.parameters.password"),
    ] {
        let faults = read_connector("connectors/service.toml", &text).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        let fault = &faults[0];
        assert_eq!(
            (fault.code, fault.place.line, fault.key.as_str()),
            (Code::SecretInClear, line, key)
        );
        for lang in [Lang::En, Lang::Zh] {
            let said = format!("{} {}", fault.message(lang), fault.hint(lang).unwrap());
            assert!(said.contains("${secret:") && !said.contains("geheim"), "{said}");
        }
    }
}

#[test]
fn what_names_a_secret_or_is_none_stands() {
    for text in [
        with(
            URL,
            r#"{ kind = "header", headers = { Authorization = "Bearer ${secret:key}", Accept = "*/*" } }"#,
            "{}",
        ),
        with("https://${env:CLIENT}:${secret:key}@host/gate?v=1", OPEN, r#"{ kind = "book" }"#),
        with("https://me@host:8443/gate", OPEN, "{}"),
    ] {
        read_connector("connectors/service.toml", &text).unwrap();
    }
}
