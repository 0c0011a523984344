//! Whoever can take rows back is handed a page as soon as it has come, and is left with what whole slices
//! brought, as if it had waited for them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;

use shuping::base::batch::Batch;
use shuping::base::sheet::Land;
use shuping::base::sheet::Sheet;
use shuping::extract::Delivery;
use shuping::extract::System;

use super::Start;
use super::Vault;
use super::connector;
use super::gateway::WINDOWS;
use super::gateway::page;
use super::gateway::plain;
use super::gateway::right;
use super::gateway::serve;
use super::gateway::three_at_once;
use super::pulled;
use super::pulled_into;
use super::rows;

/// Takes rows, and takes them back.
#[derive(Clone, Default)]
struct Taker(Arc<Mutex<(Vec<Batch>, usize)>>);

impl Taker {
    fn rows(&self) -> Vec<String> {
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
    let (connector, start) = (connector(text), Start::at(url));
    let vault = Vault { url: start.url.clone() };
    let system = System::open(&connector, &vault, &start.home).unwrap();
    let delivery = pulled_into(&mut taker.clone(), (&system, &connector, 0), &start).await;
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
