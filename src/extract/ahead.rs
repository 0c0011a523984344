//! What is done while a question is open? A page that is sure to be asked for is asked for while the one
//! before it is shielded, kept and handed on. What it says, or what is wrong with it, is heard when that is done.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Puts a question, does something meanwhile, and waits for the answer, which nobody waits for where that went
/// wrong.
pub(super) async fn ahead<A, E>(
    question: impl Future<Output = A>,
    meanwhile: impl FnOnce() -> Result<(), E>,
) -> Result<A, E> {
    let mut question = pin!(question);
    let begun = poll_fn(|context| Poll::Ready(question.as_mut().poll(context))).await;
    meanwhile()?;
    Ok(match begun {
        Poll::Ready(answer) => answer,
        Poll::Pending => question.await,
    })
}
