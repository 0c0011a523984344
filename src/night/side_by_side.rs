//! How is work done side by side? On a few threads, each taking the next thing; what they tell is heard in
//! the order in which it happens, and what they bring stands in the order of the things.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::Sender;
use std::thread;

use super::Step;

/// Does `work` for every thing on so many threads at once.
pub(super) fn side_by_side<T: Send, R: Send>(
    things: Vec<T>,
    threads: usize,
    work: &(impl Fn(T, &Sender<Step>) -> R + Sync),
    watch: &mut (dyn FnMut(Step) + Send),
) -> Vec<R> {
    let queue = Mutex::new(things.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let (tell, steps) = mpsc::channel();
    let mut brought: Vec<(usize, R)> = thread::scope(|scope| {
        let start = |tell: Sender<Step>| {
            let each = move || {
                std::iter::from_fn(next).map(|(at, thing)| (at, work(thing, &tell))).collect()
            };
            scope.spawn::<_, Vec<(usize, R)>>(each)
        };
        let threads: Vec<_> = (0..threads).map(|_| start(tell.clone())).collect();
        drop(tell);
        steps.into_iter().for_each(watch);
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined
            .flat_map(|brought| brought.unwrap_or_else(|fault| std::panic::resume_unwind(fault)))
            .collect()
    });
    brought.sort_by_key(|(at, _)| *at);
    brought.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_brought_stands_in_the_order_of_the_things_and_every_step_is_heard() {
        for threads in [1, 2, 7] {
            let mut heard = Vec::new();
            let work = |thing: u64, tell: &Sender<Step>| {
                tell.send(Step::Told(thing)).unwrap();
                thing * thing
            };
            let watch = &mut |step| match step {
                Step::Told(thing) => heard.push(thing),
                other => panic!("{other:?}"),
            };
            let brought = side_by_side((0..50).collect(), threads, &work, watch);
            assert_eq!(brought, (0..50).map(|thing| thing * thing).collect::<Vec<_>>());
            heard.sort_unstable();
            assert_eq!(heard, (0..50).collect::<Vec<_>>());
        }
    }
}
