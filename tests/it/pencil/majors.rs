//! What people have studied, and whether their unit asks for it.

use jiff::civil::date;
use shuping::measure::evaluate::Status;
use shuping::spec::formula::Exact;
use shuping::spec::list::read_list;

use super::figures::Figures;
use super::figures::Model;
use super::figures::Row;
use super::figures::shipped;

/// Three people: their unit, the discipline of their major, whether they work, and the kind of post.
type Three = (&'static str, &'static str, &'static str, &'static str);

/// Of U1 twelve work and have a known major, of U2 nine; U3 has two people.
const PEOPLE: [Three; 10] = [
    ("U1", "law", "1", "admin"),
    ("U1", "law", "0.5", "admin"),
    ("U1", "management", "1", "worker"),
    ("U1", "engineering", "1", "admin"),
    ("U1", "", "1", "admin"),
    ("U1", "medicine", "0", "admin"),
    ("U1", "law", "1", "external"),
    ("U2", "law", "1", "admin"),
    ("U2", "arts", "1", "admin"),
    ("U2", "law", "1", "admin"),
];

/// All of U1, U2 and U3, where `disciplines.csv` has these lines; U1 and U2 are townships.
fn told(lines: &str) -> Figures {
    let mut catalog = shipped(&[], &[]);
    let list = read_list("l.csv", &format!("category,unit,values\n{lines}")).unwrap();
    catalog.lists.insert("disciplines".to_owned(), list);
    let person = |(at, person): (usize, &Three)| -> Row<'_> {
        let (unit, discipline, work_share, post_kind) = *person;
        let cells = [
            ("person_id", format!("p{at:02}")),
            ("unit_id", unit.to_owned()),
            ("from", "2024-12-01".to_owned()),
            ("post_kind", post_kind.to_owned()),
            ("status", "active".to_owned()),
            ("discipline", discipline.to_owned()),
            ("work_share", work_share.to_owned()),
            ("quota_share", "1".to_owned()),
        ];
        cells.to_vec()
    };
    let threes = PEOPLE.iter().flat_map(|three| [three; 3]);
    let few = [("U3", "law", "1", "admin"); 2];
    let people: Vec<Row<'_>> = threes.chain(&few).enumerate().map(person).collect();
    let unit = |unit: &str| -> Row<'_> {
        let cells = [
            ("unit_id", unit.to_owned()),
            ("valid_from", "2000-01-01".to_owned()),
            ("category", "township".to_owned()),
        ];
        cells.to_vec()
    };
    let units = ["U1", "U2", "U3"];
    let model = Model::default().with(&catalog, "person_spell", &people);
    let model = model.with(&catalog, "unit", &units.map(unit));
    model.told(&catalog, &units, date(2025, 12, 31))
}

fn share(above: i128, below: i128) -> (Status, Option<Exact>) {
    (Status::Ok, Some(Exact::new(above, below)))
}

#[test]
fn shares_of_majors_are_of_those_who_work_and_whose_major_is_known() {
    let told = told(",U1,law\n");
    let of =
        |discipline: &str, unit| told.of(&format!("major_share_{discipline}"), (unit, ""), "2025");
    assert_eq!(of("law", "U1"), share(6, 12));
    assert_eq!(of("management", "U1"), share(3, 12));
    assert_eq!(of("engineering", "U1"), share(3, 12));
    assert_eq!(of("medicine", "U1"), share(0, 12));
    assert_eq!(of("arts", "U2"), share(3, 9));
    assert_eq!(of("law", "U3"), (Status::Withheld, None));
}

#[test]
fn a_major_matches_where_the_list_of_the_unit_names_its_discipline() {
    let of = |told: &Figures, unit| told.of("major_match_rate", (unit, ""), "2025");
    let own = told(",U1,law management\n,U3,law\n");
    assert_eq!(of(&own, "U1"), share(9, 12));
    // Nothing says what U2 asks for; U3 is too small.
    assert_eq!(of(&own, "U2"), (Status::NotApplicable, None));
    assert_eq!(of(&own, "U3"), (Status::Withheld, None));
    // A line of its own takes the place of the category's.
    let both = told("township,,law\n,U1,engineering medicine\n");
    assert_eq!(of(&both, "U1"), share(3, 12));
    assert_eq!(of(&both, "U2"), share(6, 9));
    let none = told("park,,law\n,U1,history\n");
    assert_eq!(of(&none, "U1"), share(0, 12));
    assert_eq!(of(&none, "U2"), (Status::NotApplicable, None));
}
