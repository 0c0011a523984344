//! What is a leaf worth for a unit, and if it is worth nothing, why?

use num_traits::Zero as _;

use super::PLACES;
use super::Reading;
use super::Standing;
use super::State;
use super::Year;
use super::closure::to_decimals;
use super::method::earned;
use super::prior::ALIKE;
use super::words;
use crate::spec::formula::Exact;
use crate::spec::scoring::Condition;
use crate::spec::scoring::Leaf;
use crate::spec::scoring::Method;
use crate::spec::scoring::Missing;
use crate::spec::scoring::Plan;
use crate::spec::scoring::Rule;
use crate::spec::scoring::written;

/// What became of a leaf.
pub(super) struct Outcome {
    /// What became of it.
    pub(super) state: State,
    /// Why, in words.
    pub(super) reason: String,
    /// The share of its points that is earned; without one they go to other leaves.
    pub(super) share: Option<Exact>,
    /// Whether what it is worth is not known.
    pub(super) is_open: bool,
    /// Whether the unit gets no score for it.
    pub(super) withholds: bool,
    /// What is known of its metric.
    pub(super) reading: Option<Reading>,
    /// The value that the rule saw, where it was drawn towards the peers.
    pub(super) estimate: Option<Exact>,
}

impl Outcome {
    fn of(state: State, reason: String) -> Outcome {
        Outcome {
            state,
            reason,
            share: None,
            is_open: !matches!(state, State::Scored | State::NotApplicable),
            withholds: false,
            reading: None,
            estimate: None,
        }
    }

    /// Whether it should have a value.
    pub(super) fn is_due(&self) -> bool {
        matches!(self.state, State::Scored | State::Missing)
    }

    /// Reported and not scored, for too little is known beside it.
    pub(super) fn withhold(&mut self, why: &str) {
        let reasons = [self.reason.as_str(), why];
        let said: Vec<&str> = reasons.into_iter().filter(|reason| !reason.is_empty()).collect();
        self.reason = said.join(";");
        self.state = State::Withheld;
        self.share = None;
        self.is_open = true;
    }
}

/// What the leaves of a unit are judged by.
pub(super) struct Judge<'j> {
    pub(super) year: &'j Year<'j>,
    pub(super) unit_id: &'j str,
    pub(super) category: &'j str,
}

/// An estimate has so many digits behind the point before a rule sees it, as it is told.
const SEEN: u8 = 6;

/// Of a difference between peers so much at least must be theirs and not chance's, or the metric tells none apart
/// (METHOD.md 2.9).
const RELIABLE: Exact = Exact::new_raw(1, 2);

impl Judge<'_> {
    /// The steps of METHOD.md 4.2: is it built, does it apply, is it there, what is it worth.
    pub(super) fn judge(&self, leaf: &Leaf, rule: &Rule) -> Outcome {
        let Some(metric) = &rule.metric else {
            return if leaf.choices.is_empty() {
                Outcome::of(State::NotBuilt, "个性指标尚未建立".to_owned())
            } else {
                Outcome::of(State::NotApplicable, "本单位未选定个性指标".to_owned())
            };
        };
        let absent = rule.names().find(|name| !self.year.readings.contains_key(&name.value));
        if let Some(absent) = absent {
            let reason = format!("指标 {} 尚未建立", absent.value);
            return Outcome::of(State::NotBuilt, reason);
        }
        let reading = self.reading(&metric.value);
        let outcome = match self.barred(leaf, rule) {
            Some(outcome) => outcome,
            None => self.valued(leaf, rule, reading),
        };
        // What tells nobody apart is scored for nobody, whatever is missing.
        let outcome = match self.gate(rule) {
            Some(reason) if outcome.is_due() => Outcome::of(State::Withheld, reason),
            _ => outcome,
        };
        Outcome { reading: reading.cloned(), ..outcome }
    }

    fn reading(&self, metric: &str) -> Option<&Reading> {
        self.year.readings.get(metric)?.get(self.unit_id)
    }

    /// The outcome of a leaf whose conditions do not hold.
    fn barred(&self, leaf: &Leaf, rule: &Rule) -> Option<Outcome> {
        if let Some(condition) = &rule.applies_when {
            match self.holds(condition) {
                Held::Yes => {}
                Held::No(found) => {
                    let reason = format!("不适用:须 {},实为 {found}", words::condition(condition));
                    return Some(Outcome::of(State::NotApplicable, reason));
                }
                Held::Never(outcome) => return Some(*outcome),
                Held::Unknown => {
                    let why = format!("{} 无数据,无从判断是否适用", condition.metric.value);
                    return Some(self.missing(leaf, rule, why));
                }
            }
        }
        let condition = rule.requires.as_ref()?;
        match self.holds(condition) {
            Held::Yes => None,
            Held::No(found) => {
                let why = format!("须 {},实为 {found}", words::condition(condition));
                Some(self.missing(leaf, rule, why))
            }
            Held::Never(outcome) => Some(*outcome),
            Held::Unknown => {
                let why = format!("{} 无数据", condition.metric.value);
                Some(self.missing(leaf, rule, why))
            }
        }
    }

    fn holds(&self, condition: &Condition) -> Held {
        let Some(reading) = self.reading(&condition.metric.value) else { return Held::Unknown };
        match (reading.standing, reading.value) {
            (Standing::Told, Some(value)) if condition.is.holds(value, condition.bound) => {
                Held::Yes
            }
            (Standing::Told, Some(value)) => Held::No(written(value)),
            (Standing::NoSource, _) => Held::Never(Box::new(no_source(&condition.metric.value))),
            (Standing::Withheld, _) => Held::Never(Box::new(of_few())),
            (Standing::Nothing, _) => {
                let why = format!("{} 分母为零,没有应计的对象", condition.metric.value);
                Held::Never(Box::new(Outcome::of(State::NotApplicable, why)))
            }
            _ => Held::Unknown,
        }
    }

    /// The outcome of a leaf whose conditions hold.
    fn valued(&self, leaf: &Leaf, rule: &Rule, reading: Option<&Reading>) -> Outcome {
        let no_data = || self.missing(leaf, rule, "无数据".to_owned());
        let Some(reading) = reading else { return no_data() };
        let value = match (reading.standing, reading.value) {
            (Standing::Told, Some(value)) => to_decimals(value, PLACES),
            // What was asked for has come whole, and nothing of it counts here.
            (Standing::Nothing, _) if rule.requires.is_some() => {
                let why = "应报的已报齐,其中没有应计的对象".to_owned();
                return Outcome::of(State::NotApplicable, why);
            }
            (Standing::Told, None) | (Standing::NoData | Standing::Nothing, _) => return no_data(),
            (Standing::NoSource, _) => {
                return no_source(rule.metric.as_ref().map_or("", |metric| &metric.value));
            }
            (Standing::Withheld, _) => return of_few(),
        };
        if let Some(least) = rule.min_n {
            let Some(base) = reading.base else {
                let reason = "指标没有基数,无从判断样本是否足够:请为其写明 min_base".to_owned();
                return Outcome::of(State::NotBuilt, reason);
            };
            if base < least {
                let (base, least) = (written(base), written(least));
                let reason = format!("样本 {base} 不足 {least},只报告不评分");
                return Outcome::of(State::Withheld, reason);
            }
        }
        let (value, estimate, reason) = if rule.is_shrunk {
            match self.shrunk(rule, reading) {
                Ok((estimate, reason)) => (estimate, Some(estimate), reason),
                Err((state, reason)) => return Outcome::of(state, reason),
            }
        } else {
            (value, None, String::new())
        };
        Outcome { estimate, ..self.scored(leaf, rule, (value, reading.before), reason) }
    }

    fn scored(
        &self,
        leaf: &Leaf,
        rule: &Rule,
        (value, before): (Exact, Option<Exact>),
        reason: String,
    ) -> Outcome {
        let plan = match self.plan(rule, before) {
            Ok(plan) => plan,
            Err((state, reason)) => return Outcome::of(state, reason),
        };
        match earned(&rule.method, leaf.points, value, plan) {
            Some(points) => {
                let share = Some(points / leaf.points);
                Outcome { share, ..Outcome::of(State::Scored, reason) }
            }
            None => Outcome::of(State::NotBuilt, "计分方法尚未建立".to_owned()),
        }
    }

    /// What the value is a share of, where it is.
    fn plan(&self, rule: &Rule, before: Option<Exact>) -> Result<Option<Exact>, (State, String)> {
        let Method::RatioToPlan { plan, .. } = rule.method else { return Ok(None) };
        let (number, title) = match plan {
            Plan::PeerMedian => (self.peers(rule, "median"), "上年同类中位数"),
            Plan::OwnMean => (before, "本单位前两年均值"),
        };
        match (number, plan) {
            (Some(number), _) if number.is_zero() => {
                Err((State::NotApplicable, format!("{title}为 0")))
            }
            // What a part of a year brought is no share of what a whole one should.
            (Some(_), _) if !self.year.is_over => {
                Err((State::Withheld, "年度未结束,不与全年的计划数比较".to_owned()))
            }
            (Some(number), _) => Ok(Some(number)),
            // What the unit owes is there; it is the home that lacks what to compare it with.
            (None, Plan::PeerMedian) => Err((State::NotBuilt, self.not_in_reference(title))),
            (None, Plan::OwnMean) => {
                Err((State::NotApplicable, format!("前两年数据不全,没有{title}")))
            }
        }
    }

    /// The mean of the posterior: own cases and those of the prior together (METHOD.md 2.6).
    fn shrunk(&self, rule: &Rule, reading: &Reading) -> Result<(Exact, String), (State, String)> {
        let prior = self.peers(rule, "alpha").zip(self.peers(rule, "beta"));
        let own = reading.numerator.zip(reading.denominator);
        let (Some((alpha, beta)), Some((good, all))) = (prior, own) else {
            let reason = self.not_in_reference("同类先验 alpha、beta");
            return Err((State::NotBuilt, reason));
        };
        let together = alpha + beta + all;
        let weight = (all * Exact::from(100) / together).round();
        let (good, all) = (written(good), written(all));
        let reason = format!("{good}/{all},按同类收缩,自身权重 {}%", written(weight));
        let good = reading.numerator.unwrap_or_default();
        Ok((to_decimals((alpha + good) / together, SEEN), reason))
    }

    /// Why a metric that is drawn towards the peers is reported and not scored, where it tells none of them apart (METHOD.md 2.9).
    fn gate(&self, rule: &Rule) -> Option<String> {
        let prior = self.peers(rule, "alpha")? + self.peers(rule, "beta")?;
        if !rule.is_shrunk {
            return None;
        }
        if prior > Exact::from(i128::from(ALIKE)) {
            return Some("同类之间无区分度,只报告不评分".to_owned());
        }
        let found = self.peers(rule, "n").map(|n| n / (n + prior)).filter(|of| *of < RELIABLE)?;
        let (found, least) = (written(to_decimals(found, 3)), written(RELIABLE));
        Some(format!("同类之间区分度 {found} 不足 {least},只报告不评分"))
    }

    /// A statistic of the rule's metric over the category, as frozen for the year.
    fn peers(&self, rule: &Rule, statistic: &str) -> Option<Exact> {
        let metric = &rule.metric.as_ref()?.value;
        self.year.reference?.of(self.category, metric, statistic)
    }

    fn not_in_reference(&self, what: &str) -> String {
        format!("{} 年参照表中没有{what}", self.year.year)
    }

    /// A value that should be there is not: the policy of the leaf decides.
    fn missing(&self, leaf: &Leaf, rule: &Rule, why: String) -> Outcome {
        let outcome = Outcome::of(State::Missing, why);
        let (why, zero) = (&outcome.reason, Exact::zero());
        match rule.missing {
            Missing::Redistribute => outcome,
            Missing::Withhold => {
                Outcome { reason: format!("{why};全单位不出分"), withholds: true, ..outcome }
            }
            Missing::Zero => Outcome {
                reason: format!("{why};应报未报,记零分"),
                share: Some(zero),
                is_open: false,
                ..outcome
            },
            Missing::Impute(cap) => {
                let median = self.peers(rule, "median");
                let points =
                    median.and_then(|median| earned(&rule.method, leaf.points, median, None));
                let Some((median, points)) = median.zip(points) else {
                    let absent = self.not_in_reference("同类中位数");
                    let reason = format!("{why};{absent},分值转给其他指标");
                    return Outcome { reason, ..outcome };
                };
                let (median, part) = (written(median), written(cap));
                let reason = format!("{why};按同类中位数 {median} 所得分乘以 {part} 计");
                Outcome { reason, share: Some(cap * points / leaf.points), ..outcome }
            }
        }
    }
}

/// Whether a condition holds.
enum Held {
    Yes,
    No(String),
    /// Neither, whatever the policy of the leaf is.
    Never(Box<Outcome>),
    Unknown,
}

fn of_few() -> Outcome {
    Outcome::of(State::Withheld, "人数过少,不公布也不评分".to_owned())
}

fn no_source(metric: &str) -> Outcome {
    Outcome::of(State::NotApplicable, format!("{metric} 无数据来源或同类参照"))
}
