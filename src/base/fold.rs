//! When are two written names the same name? When only width, case, blanks, the script or a stamp
//! differ; never by likeness.

use super::text::squeeze;

/// Words that say nothing of which unit is meant, when a bracket holds them.
const SAY_NOTHING: [&str; 5] = ["公章", "盖章", "本级", "机关", "旧"];

/// Traditional characters of unit names, each followed by its simplified one.
const SIMPLER: &str = "財财務务發发區区縣县黨党處处廳厅員员會会業业產产環环資资應应統统戰战廣广電电視视遊游衛卫\
農农鄉乡興兴監监場场總总團团檔档館馆審审計计國国規规劃划設设動动勞劳險险與与機机關关編编辦办紀纪檢检專专術术\
開开園园鎮镇眾众訪访組组織织傳传體体醫医療疗貿贸經经濟济稅税氣气質质數数據据聯联殘残網网運运輸输綜综執执寧宁\
龍龙慶庆長长門门廠厂學学師师銀银鐵铁馬马橋桥雲云錦锦貧贫飛飞邊边參参僑侨臺台灣湾歷历藝艺獄狱調调認认證证護护";

/// The name as a key: without blanks, in lower case and simplified characters, and without brackets
/// that say nothing.
pub fn fold(name: &str) -> String {
    let simple: String = squeeze(name).to_lowercase().chars().map(simpler).collect();
    let mut kept = String::with_capacity(simple.len());
    let mut rest = simple.as_str();
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, later)) = after.split_once(')') else { break };
        kept.push_str(before);
        if !SAY_NOTHING.iter().any(|word| inside.contains(word)) {
            kept.extend(["(", inside, ")"]);
        }
        rest = later;
    }
    kept.push_str(rest);
    kept
}

/// The name before its bracket and the one inside, if it ends in one.
pub fn outside_and_inside(key: &str) -> Option<(&str, &str)> {
    key.strip_suffix(')')?.split_once('(')
}

/// A name that says of itself that it is the unit proper: 机关 or 本级 at the end.
pub fn without_proper(key: &str) -> Option<&str> {
    key.strip_suffix("机关").or_else(|| key.strip_suffix("本级"))
}

fn simpler(letter: char) -> char {
    let letter = match letter {
        '〔' | '【' | '[' | '{' | '「' => '(',
        '〕' | '】' | ']' | '}' | '」' => ')',
        letter => letter,
    };
    let mut pairs = SIMPLER.chars();
    while let (Some(traditional), Some(simplified)) = (pairs.next(), pairs.next()) {
        if traditional == letter {
            return simplified;
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writing_is_folded() {
        for (name, key) in [
            ("市 财 政 局", "市财政局"),
            ("市財政局（公章）", "市财政局"),
            ("市委宣传部【市新闻出版局】", "市委宣传部(市新闻出版局)"),
            ("市数据局(旧)(本级)", "市数据局"),
            ("市数据局(", "市数据局("),
            ("Parks & Recreation", "parks&recreation"),
        ] {
            assert_eq!(fold(name), key, "{name}");
        }
    }

    #[test]
    fn the_table_of_characters_holds_pairs_and_nothing_twice() {
        let traditional: Vec<char> = SIMPLER.chars().step_by(2).collect();
        assert_eq!(SIMPLER.chars().count(), traditional.len() * 2);
        let mut distinct = traditional.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), traditional.len());
        assert!(traditional.iter().all(|letter| simpler(*letter) != *letter));
    }
}
