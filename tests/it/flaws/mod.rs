//! Does everything that was planted end as the list of flaws says? One table names every flaw and every
//! truth with its proof; a flaw without a proof fails here, and a proof without a flaw.

mod appraisal;
mod hotline;
mod left;
mod reduced;
mod service;
mod staffing;
mod supervision;
mod truths;

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use self::left::Left;

/// Looks at what the nights left; panics where something did not end as it should.
type Proof = fn(&Left);

/// Every planted flaw, in the order of the truth file, then every planted truth.
const PROOFS: &[(&str, Proof)] = &[
    ("F01", staffing::a_wide_number_is_the_person_of_the_plain_one),
    ("F02", staffing::a_number_that_lost_its_tail_is_quarantined),
    ("F03", staffing::a_number_of_15_digits_is_the_person_of_the_18),
    ("F04", staffing::the_number_wins_over_another_birth_date),
    ("F05", staffing::days_in_five_spellings_are_read),
    ("F06", staffing::spellings_mean_their_units_and_five_stay_unknown),
    ("F07", staffing::wide_blanks_and_line_feeds_hide_no_column),
    ("F08", staffing::a_row_that_is_there_twice_is_counted_once),
    ("F09", staffing::somebody_lent_is_one_person_at_the_host),
    ("F10", staffing::subtotals_and_a_hidden_sheet_are_left_out),
    ("F11", staffing::merged_names_are_filled_down),
    ("F12", staffing::a_roster_without_a_sheet_is_held_back),
    ("F13", staffing::units_over_their_posts_are_found),
    ("F14", staffing::the_name_of_an_abolished_unit_means_its_successor),
    ("F15", staffing::every_unit_has_an_office_of_its_own),
    ("F16", appraisal::a_grade_as_a_word_is_the_grade),
    ("F17", appraisal::units_with_too_many_good_grades_are_found),
    ("F18", appraisal::logs_of_no_day_are_quarantined),
    ("F19", appraisal::grades_changed_by_hand_come_with_the_full_load),
    ("F20", appraisal::logs_of_strangers_are_kept_and_counted),
    ("F21", supervision::of_two_units_in_a_cell_the_first_leads),
    ("F22", supervision::an_open_comma_is_quarantined_and_a_rare_letter_read),
    ("F23", supervision::done_before_given_is_quarantined_and_undated_stays_undated),
    ("F24", supervision::a_file_in_utf8_is_read_and_an_empty_one_fails),
    ("F25", service::closed_before_accepted_is_quarantined),
    ("F26", service::what_is_told_at_closing_only_is_accepted_when_applied_for),
    ("F27", service::ends_that_are_told_late_arrive),
    ("F28", service::corrections_under_an_old_time_come_with_the_full_load),
    ("F29", service::deleted_cases_go_with_the_full_load),
    ("F30", service::marked_defaults_are_not_genuine),
    ("F31", service::ratings_of_machines_are_found_and_not_genuine),
    ("F32", service::coverage_counts_cases_not_ratings),
    ("F33", service::cases_of_the_data_bureau_are_listed_by_item),
    ("F34", service::ratings_lose_the_prefix_of_the_province),
    ("F35", service::pages_add_up_whatever_happened_to_them),
    ("F36", service::a_promise_that_ends_on_a_holiday_is_counted),
    ("F37", hotline::odd_times_are_read_or_no_times),
    ("F38", hotline::a_category_is_one_with_and_without_its_number),
    ("F39", hotline::another_unit_after_closing_changes_both_units_months),
    ("F40", hotline::late_exemptions_change_past_months),
    ("F41", hotline::contradictions_are_counted_and_void_orders_left_out),
    ("F42", supervision::odd_units_of_measure_are_counted),
    ("F43", hotline::renamed_keys_are_read_by_their_second_name),
    ("T02", staffing::reforms_have_their_days),
    ("overloaded", truths::one_department_is_overloaded),
    ("idle", truths::one_centre_is_idle),
    ("unbalanced", truths::one_department_is_unbalanced),
    ("few ratings", truths::three_ratings_are_few),
    ("closes late", truths::one_bureau_closes_late),
];

/// What does not end as its row says, and is known not to.
const OPEN: &[&str] = &[];

#[test]
fn everything_planted_ends_as_its_row_says() {
    let left = Left::of_the_nights();
    let planted = |list: &str, name: &str| {
        let all = left.truth[list].as_array().unwrap().iter();
        all.map(|one| one[name].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let planted = [planted("flaws", "flaw"), planted("truths", "truth")].concat();
    let proven: Vec<&str> = PROOFS.iter().map(|(name, _)| *name).collect();
    assert_eq!(planted, proven);
    // Each proof tells of its own; the test ends with all that failed.
    let fails =
        |(_, proof): &&(&str, Proof)| catch_unwind(AssertUnwindSafe(|| proof(&left))).is_err();
    let open: Vec<&str> = PROOFS.iter().filter(fails).map(|(name, _)| *name).collect();
    assert_eq!(open, OPEN, "what does not end as its row says");
    truths::majors_are_as_drawn(&left);
}
