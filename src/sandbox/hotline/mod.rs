//! What do people tell the hotline, and what becomes of it?

pub(super) mod orders;
pub(super) mod told;

use self::orders::Order;
use super::days::Days;
use super::truth::Gathered;
use super::truth::Planted;

/// What was planted among the orders.
pub(super) fn planted(orders: &[Order], days: &Days, gathered: &mut Gathered) {
    const STREAM: &str = "hotline.orders";
    for (order, at) in orders.iter().zip(0_u32..) {
        let mut list = |flaw| {
            let key = order.number(days);
            gathered.list(Planted { flaw, stream: STREAM, key });
        };
        if order.moved.is_some() {
            list("F39");
        }
        if order.exempt.is_some_and(|exempt| exempt > order.closed.plus(2 * 86_400)) {
            list("F40");
        }
        let is_unresolved = order.visited.is_some() && order.resolved == orders::UNRESOLVED;
        if order.is_void || (is_unresolved && order.last == 5) {
            list("F41");
        }
        if Order::has_odd_times(at) {
            list("F37");
        }
        if Order::has_plain_category(at) {
            gathered.count("F38", STREAM, 1);
        }
    }
    gathered.count("F43", STREAM, 1);
}
