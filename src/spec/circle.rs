//! Does what a name rests on come back to it?

use std::collections::BTreeSet;

/// The way back to a name by one that it rests on, as `a → b → a`; none where no way leads back.
pub(super) fn circle<'c>(
    name: &'c str,
    next: &'c str,
    below: &dyn Fn(&'c str) -> Vec<&'c str>,
) -> Option<String> {
    let back = way(next, name, below, &mut BTreeSet::new())?;
    Some(format!("{name} → {back}"))
}

/// The way from one name to another by what each rests on. A name is followed once, however often it is met.
fn way<'c>(
    from: &'c str,
    to: &str,
    below: &dyn Fn(&'c str) -> Vec<&'c str>,
    seen: &mut BTreeSet<&'c str>,
) -> Option<String> {
    if from == to {
        return Some(to.to_owned());
    }
    if !seen.insert(from) {
        return None;
    }
    let rest = below(from).into_iter().find_map(|name| way(name, to, below, seen))?;
    Some(format!("{from} → {rest}"))
}
