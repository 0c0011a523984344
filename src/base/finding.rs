//! What does it mean that something was found, or that a row is held back? Its kind or reason in words.

use super::messages::Lang;
use super::said::Say;

/// What a kind of finding means, in words.
pub fn kind(kind: &str) -> Say {
    match kind {
        "unknown_unit" => Say::KindUnknownUnit,
        "incomplete" => Say::KindIncomplete,
        "unmapped" => Say::KindUnmapped,
        "disagrees" => Say::KindDisagrees,
        "check" => Say::KindCheck,
        "unread" => Say::KindUnread,
        "several" => Say::KindSeveral,
        "month_only" => Say::KindMonthOnly,
        "unknown_person" => Say::KindUnknownPerson,
        "beyond" => Say::KindBeyond,
        "cross_check" => Say::KindCrossCheck,
        "differs" => Say::KindDiffers,
        "unit_of_measure" => Say::KindUnitOfMeasure,
        "unknown_metric" => Say::KindUnknownMetric,
        "no_calendar" => Say::KindNoCalendar,
        "stray_correction" => Say::KindStrayCorrection,
        "not_whole" => Say::KindNotWhole,
        "left_behind" => Say::KindLeftBehind,
        "not_merged" => Say::KindNotMerged,
        "unread_file" => Say::KindUnreadFile,
        "unread_sheet" => Say::KindUnreadSheet,
        "below_end" => Say::KindBelowEnd,
        "came_twice" => Say::KindCameTwice,
        "rival_files" => Say::KindRivalFiles,
        "unread_correction" => Say::KindUnreadCorrection,
        "other_meaning" => Say::KindOtherMeaning,
        "metric_gone" => Say::KindMetricGone,
        "orphan" => Say::KindOrphan,
        "not_unique" => Say::KindNotUnique,
        "wrong_code" => Say::KindWrongCode,
        _ => Say::KindPeople,
    }
}

/// Why a row was quarantined, in words; a reason that is none of ours is the name of a check.
pub fn reason(reason: &str, lang: Lang) -> String {
    let say = match reason {
        "missing" | "id_empty" => Say::ReasonMissing,
        "malformed" => Say::ReasonMalformed,
        "unknown_value" | "not_allowed" => Say::ReasonUnknownValue,
        "no_match" | "wrong_pattern" | "unreadable" => Say::ReasonNoMatch,
        "not_a_whole_number" => Say::ReasonWhole,
        "not_a_decimal" => Say::ReasonDecimal,
        "not_a_boolean" => Say::ReasonFlag,
        "not_a_day" => Say::ReasonDay,
        "not_a_time" => Say::ReasonTime,
        "out_of_range" => Say::ReasonRange,
        "too_short" | "too_long" => Say::ReasonLength,
        "id_spreadsheet_number" | "code_spreadsheet_number" | "lost_digits" => Say::ReasonIdNumber,
        "id_bad_character" | "code_bad_character" => Say::ReasonIdCharacter,
        "id_bad_length" | "code_bad_length" => Say::ReasonIdLength,
        "code_bad_authority" => Say::ReasonCodeAuthority,
        "code_bad_region" => Say::ReasonCodeRegion,
        "code_bad_org_check" => Say::ReasonCodeOrganisation,
        "id_bad_region" => Say::ReasonIdRegion,
        "id_bad_date" => Say::ReasonIdDate,
        "id_bad_check" | "code_bad_check" => Say::ReasonIdCheck,
        check => return Say::ReasonCheck.with(lang, &[("check", check.to_owned())]),
    };
    say.text(lang).to_owned()
}
