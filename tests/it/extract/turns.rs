//! Whoever can take rows back is handed a page as soon as it has come, and is left with what whole slices
//! brought, as if it had waited for them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::json;
use shuping::base::batch::Batch;
use shuping::base::sheet::Land;
use shuping::base::sheet::Sheet;
use shuping::extract::Delivery;
use shuping::extract::System;

use super::Start;
use super::Vault;
use super::connector;
use super::gateway::Asked;
use super::gateway::Reply;
use super::gateway::WINDOWS;
use super::gateway::okay;
use super::gateway::page;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::status;
use super::gateway::three_at_once;
use super::pulled;
use super::pulled_into;
use super::rows;

/// Takes rows, and takes them back.
#[derive(Clone, Default)]
pub(super) struct Taker(Arc<Mutex<(Vec<Batch>, usize)>>);

impl Taker {
    pub(super) fn rows(&self) -> Vec<String> {
        rows(&self.0.lock().unwrap().0)
    }
}

impl Land for Taker {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self.0.lock().unwrap().0.push(sheet.into());
        Ok(())
    }

    fn mark(&mut self) -> bool {
        let mut taken = self.0.lock().unwrap();
        taken.1 = taken.0.len();
        true
    }

    fn take_back(&mut self) -> io::Result<()> {
        let mut taken = self.0.lock().unwrap();
        let mark = taken.1;
        taken.0.truncate(mark);
        Ok(())
    }
}

async fn taken(text: &str, url: &str, taker: &Taker) -> Result<Delivery, String> {
    taken_by(text, url, &mut taker.clone()).await
}

async fn taken_by(
    text: &str,
    url: &str,
    taker: &mut (dyn Land + Send),
) -> Result<Delivery, String> {
    let (connector, start) = (connector(text), Start::at(url));
    let vault = Vault { url: start.url.clone() };
    let system = System::open(&connector, &vault, &start.home).unwrap();
    let delivery = pulled_into(taker, (&system, &connector, 0), &start).await;
    delivery.map_err(|error| error.told())
}

#[tokio::test]
async fn pages_are_handed_on_as_they_come_and_taken_back_where_they_do_not_add_up() {
    let taker = Taker::default();
    let (seen, had) = (taker.clone(), Arc::new(Mutex::new(Vec::new())));
    let heard = Arc::clone(&had);
    let (url, _) = serve(move |asked, before| {
        heard.lock().unwrap().push(seen.rows().len());
        // The total of the third page is another one, once.
        if before == 2 { page(5..=5, 6) } else { right(asked, 5) }
    })
    .await;
    let delivery = taken(&plain(), &url, &taker).await.unwrap();
    assert_eq!(*had.lock().unwrap(), [0, 2, 4, 0, 2, 4]);
    assert_eq!((delivery.received, delivery.asked_again.len()), (5, 1));
    assert_eq!(delivery.unread, BTreeMap::from([("phone".to_owned(), 5)]));
    let (url, _) = serve(|asked, _| right(asked, 5)).await;
    let (_, batches) = pulled(&plain(), &Start::at(&url)).await;
    assert_eq!(taker.rows(), rows(&batches));
}

/// A row was put before the second page, and the last one taken away: the total is the same.
const MOVED: [&[u32]; 3] = [&[1, 2], &[2, 3], &[4]];
const STEADY: [&[u32]; 3] = [&[9, 1], &[2, 3], &[4]];
/// Several rows of one key.
const LOG: [&[u32]; 3] = [&[1, 2], &[2, 1], &[1]];

/// Asks for five rows on three pages, whose keys are these.
async fn of_keys(pages: fn(usize, usize) -> &'static [u32]) -> (Delivery, Vec<String>) {
    let (url, _) = serve(move |asked, before| {
        let list: Vec<_> = pages(before / 3, asked.number("pageNum"))
            .iter()
            .map(|id| json!({ "id": id }))
            .collect();
        okay(&json!({ "code": "200", "data": { "list": list, "total": 5 } }))
    })
    .await;
    let start = Start { row_key: vec!["id".to_owned()], ..Start::at(&url) };
    let (delivery, batches) = pulled(&plain(), &start).await;
    (delivery.unwrap(), rows(&batches))
}

#[tokio::test]
async fn a_slice_whose_rows_moved_is_asked_for_once_more() {
    let (delivery, rows) =
        of_keys(|round, page| if round == 0 { MOVED[page - 1] } else { STEADY[page - 1] }).await;
    assert_eq!(rows.len(), 5);
    assert!(rows[0].contains("id=9"), "{rows:?}");
    let [why] = delivery.asked_again.as_slice() else { panic!("{:?}", delivery.asked_again) };
    assert!(
        why.ends_with("1 keys came on a page before: rows moved while they were read"),
        "{why}"
    );
    // Where they come twice again they do so: the rows stand, and the night tells of it.
    let (delivery, rows) = of_keys(|_, page| MOVED[page - 1]).await;
    assert_eq!((rows.len(), delivery.asked_again.len()), (5, 1));
    let (delivery, rows) = of_keys(|_, page| LOG[page - 1]).await;
    assert_eq!((rows.len(), delivery.asked_again.len()), (5, 0));
}

#[tokio::test]
async fn slices_that_are_asked_for_side_by_side_are_handed_on_in_their_order() {
    let text = plain()
        .replace("write = \"upsert\"", &format!("write = \"upsert\"{WINDOWS}"))
        .replace("[[stream]]", "limit = { concurrency = 3 }\n[[stream]]");
    let (url, _) = three_at_once().await;
    let (_, whole) = pulled(&text, &Start::at(&url)).await;
    let (url, _) = three_at_once().await;
    let taker = Taker::default();
    assert_eq!(taken(&text, &url, &taker).await.unwrap().received, 9);
    assert_eq!(taker.rows(), rows(&whole));
}

/// Takes no page of three before the gateway was asked for the one behind it, or a second has passed.
struct Waiter {
    asked: Receiver<usize>,
    taken: usize,
    /// How many pages were taken before that.
    late: usize,
}

impl Land for Waiter {
    fn land(&mut self, _: Sheet) -> io::Result<()> {
        self.taken += 1;
        let mut asked = if self.taken < 3 { 0 } else { usize::MAX };
        while asked <= self.taken {
            let Ok(next) = self.asked.recv_timeout(Duration::from_secs(1)) else {
                self.late += 1;
                break;
            };
            asked = next;
        }
        Ok(())
    }

    fn mark(&mut self) -> bool {
        true
    }
}

/// A stream of pages of two that say where the next one is.
fn led_on() -> String {
    let text = plain();
    let counted = text.lines().find(|line| line.starts_with("page =")).unwrap();
    let cursor = r#"page = { kind = "cursor", param = "pageNum", next = "/data/next" }"#;
    text.replace(counted, cursor)
}

/// One of three pages, which says where the next one is and how many rows there are.
fn of_three(page: usize) -> Reply {
    let ids = 2 * page - 1..=(2 * page).min(5);
    let list: Vec<_> = ids.map(|id| json!({ "id": id })).collect();
    let next = (page < 3).then_some(page + 1);
    okay(&json!({ "code": "200", "data": { "list": list, "total": 5, "next": next } }))
}

/// How many of three pages were handed on before the next one was asked for; three questions are asked for them.
async fn late(text: &str) -> usize {
    let (tell, asked) = channel();
    let (url, log) = serve(move |asked, _| {
        let place = asked.fields.get("pageNum").map(|_| asked.number("pageNum"));
        let page = place.unwrap_or(1);
        tell.send(page).unwrap();
        of_three(page)
    })
    .await;
    let mut waiter = Waiter { asked, taken: 0, late: 0 };
    assert_eq!(taken_by(text, &url, &mut waiter).await.unwrap().received, 5);
    assert_eq!((waiter.taken, log.lock().unwrap().len()), (3, 3));
    waiter.late
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_due_is_asked_for_while_the_one_before_is_handed_on_and_no_other_is() {
    for text in [plain(), led_on()] {
        // A connection that is not free again when the next question is put is waited for: that comes to pass.
        let mut tries = 0;
        while late(&text).await > 0 {
            tries += 1;
            assert!(tries < 20);
        }
    }
}

/// Has no room for a page while it takes one.
struct Full(Taker);

impl Land for Full {
    fn land(&mut self, sheet: Sheet) -> io::Result<()> {
        self.0.land(sheet)
    }

    fn has_room(&self) -> bool {
        false
    }

    fn mark(&mut self) -> bool {
        self.0.mark()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_before_its_turn_where_there_is_no_room() {
    let taker = Taker::default();
    let (seen, had) = (taker.clone(), Arc::new(Mutex::new(Vec::new())));
    let heard = Arc::clone(&had);
    let (url, _) = serve(move |asked, _| {
        heard.lock().unwrap().push(seen.rows().len());
        right(asked, 5)
    })
    .await;
    assert_eq!(taken_by(&plain(), &url, &mut Full(taker)).await.unwrap().received, 5);
    assert_eq!(*had.lock().unwrap(), [0, 2, 4]);
}

/// Has no disk for the second page.
struct NoDisk(usize);

impl Land for NoDisk {
    fn land(&mut self, _: Sheet) -> io::Result<()> {
        self.0 += 1;
        if self.0 == 2 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn mark(&mut self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_page_is_heard_when_it_is_its_turn() {
    let broken = |asked: &Asked, _| match asked.number("pageNum") {
        3 => status(503, "0"),
        _ => right(asked, 5),
    };
    let (url, log) = serve(broken).await;
    let taker = Taker::default();
    let error = taken(&plain(), &url, &taker).await.unwrap_err();
    assert!(error.starts_with("service.cases page 3 had no whole answer in 3 attempts"), "{error}");
    assert_eq!((taker.rows().len(), log.lock().unwrap().len()), (4, 5));
    // The page before it is the one that finds no room, and it comes first.
    let (url, _) = serve(broken).await;
    let error = taken_by(&plain(), &url, &mut NoDisk(0)).await.unwrap_err();
    assert!(error.starts_with("rows cannot be landed"), "{error}");
}
