//! What the city does: boxes of tubes on their way from the table to the result, several at once, with
//! the slips that real days have and the faults that were asked for.

use std::collections::BTreeSet;

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

use crate::{
    op::{Call, FAULTS, Fault, Op, Step},
    seed::{SeedTree, below},
    setting::{COURIER, REGISTRARS},
};

/// What a seed's days are like.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Operations of a day, about.
    pub operations: usize,
    /// Days.
    pub days: u64,
    /// People who may come.
    pub people: usize,
    /// Faults that happen.
    pub faults: BTreeSet<String>,
}

impl Plan {
    /// Reads `all`, `none`, or names with commas between them.
    pub fn faults_of(text: &str) -> Result<BTreeSet<String>, String> {
        match text {
            "all" => Ok(FAULTS.iter().map(|name| (*name).to_owned()).collect()),
            "none" | "" => Ok(BTreeSet::new()),
            list => list
                .split(',')
                .map(|name| match FAULTS.contains(&name) {
                    true => Ok(name.to_owned()),
                    false => Err(format!("no such fault: {name}; there are {}", FAULTS.join(", "))),
                })
                .collect(),
        }
    }
}

/// What is handed out so far.
struct Day {
    numbers: u32,
    tubes: u32,
    boxes: u32,
    runs: u32,
    person: usize,
    imports: u32,
    people: usize,
}

fn one_in(random: &mut impl Rng, n: usize) -> bool {
    below(random, n) == 0
}

impl Day {
    fn number(&mut self, op: Op) -> Step {
        self.numbers += 1;
        (self.numbers, op)
    }

    /// Mostly somebody new; now and then somebody who was here.
    fn somebody(&mut self, random: &mut impl Rng) -> usize {
        if one_in(random, 25) && self.person > 0 {
            return below(random, self.person);
        }
        self.person += 1;
        (self.person - 1) % self.people.max(1)
    }

    /// A tube from the first swab to the box.
    fn tube(&mut self, random: &mut impl Rng, tube: u32, the_box: u32, steps: &mut Vec<Step>) {
        let phone = below(random, REGISTRARS);
        // Two phones share a table.
        let station = (phone % 2) as i32 + 1;
        let swabs = 1 + below(random, 5) + usize::from(one_in(random, 12));
        for _ in 0..swabs {
            let op = if one_in(random, 20) {
                Op::ScanUnknown { phone, station, tube }
            } else {
                Op::Scan { phone, station, tube, person: self.somebody(random) }
            };
            let scan = self.number(op);
            let of = scan.0;
            steps.push(scan);
            if one_in(random, 15) {
                let undo = Op::Undo { phone: below(random, REGISTRARS), of };
                steps.push(self.number(undo));
            } else if one_in(random, 25) {
                let to = below(random, self.tubes as usize + 1) as u32;
                let moved = Op::Move { phone, of, to };
                steps.push(self.number(moved));
            }
        }
        let counted = if one_in(random, 12) { below(random, 6) } else { swabs.min(5) } as i32;
        let seal = Op::Seal { phone, tube, counted, signed: one_in(random, 3) };
        steps.push(self.number(seal));
        if !one_in(random, 12) {
            let pack = Op::Pack { phone, tube, the_box };
            steps.push(self.number(pack));
        }
        let send = Op::Send { phone, take: 1 + below(random, 40) };
        steps.push(self.number(send));
    }

    /// A box from its first tube to the results of its last.
    fn the_box(&mut self, random: &mut impl Rng) -> Vec<Step> {
        let (the_box, handover) = (self.boxes, self.boxes + 1);
        self.boxes += 1;
        let mut steps = Vec::new();
        let mut tubes = Vec::new();
        for _ in 0..1 + below(random, 3) {
            let tube = self.tubes;
            self.tubes += 1;
            tubes.push(tube);
            self.tube(random, tube, the_box, &mut steps);
        }
        let phone = below(random, REGISTRARS);
        let mut ops = Vec::new();
        let counted = if one_in(random, 10) { below(random, 4) } else { tubes.len() } as i32;
        ops.push(Op::SealBox { phone, the_box, counted, signed: one_in(random, 3) });
        if !one_in(random, 10) {
            ops.push(Op::Give { phone, the_box, handover });
        }
        ops.extend((0..REGISTRARS).map(|phone| Op::Send { phone, take: 60 }));
        if !one_in(random, 10) {
            let taken = if one_in(random, 15) { the_box.saturating_sub(1) } else { the_box };
            ops.push(Op::Take { phone: COURIER, the_box: taken, handover });
        }
        ops.push(Op::Send { phone: COURIER, take: 20 });
        self.at_laboratory(random, the_box, &tubes, &mut ops);
        let ops: Vec<Step> = ops.into_iter().map(|op| self.number(op)).collect();
        steps.extend(ops);
        steps
    }

    fn at_laboratory(&mut self, random: &mut impl Rng, the_box: u32, tubes: &[u32], ops: &mut Vec<Op>) {
        let some = |random: &mut dyn FnMut(usize) -> usize| tubes.get(random(tubes.len())).copied().unwrap_or_default();
        let mut draw = |n: usize| below(random, n);
        let mut scanned = tubes.to_vec();
        if draw(8) == 0 {
            scanned.pop();
        }
        if draw(8) == 0 {
            scanned.push(some(&mut draw));
        }
        if draw(10) == 0 {
            scanned.push(draw(self.tubes as usize + 3) as u32);
        }
        let damaged = (draw(15) == 0).then(|| some(&mut draw));
        ops.push(Op::Receive { the_box: (draw(12) != 0).then_some(the_box), tubes: scanned, damaged });
        if draw(4) == 0 {
            ops.push(Op::ResolveHold { tube: some(&mut draw), discard: draw(3) == 0 });
        }
        let run = self.runs;
        self.runs += 1;
        ops.push(Op::Plate { run, tubes: tubes.to_vec() });
        if draw(10) == 0 {
            ops.push(Op::Repeat { tube: some(&mut draw) });
        }
        if draw(10) == 0 {
            ops.push(Op::Reject { tube: some(&mut draw) });
        }
        ops.push(Op::Wait { minutes: 80 });
        let by_both = draw(6) == 0;
        ops.push(Op::Enter { run: (draw(8) != 0).then_some(run), tubes: tubes.to_vec(), value: Call::Negative, by_both });
        if draw(5) == 0 {
            let value = if draw(4) == 0 { Call::Invalid } else { Call::Positive };
            let tube = some(&mut draw);
            ops.push(Op::Enter { run: None, tubes: vec![tube], value, by_both: draw(6) == 0 });
            ops.push(Op::Release { tube, value, by_both: draw(4) == 0 });
        }
        if draw(3) == 0 {
            ops.push(Op::ReleaseRun { run });
        } else {
            ops.extend(tubes.iter().map(|tube| Op::Release { tube: *tube, value: Call::Negative, by_both }));
            ops.extend(tubes.iter().map(|tube| Op::Release { tube: *tube, value: Call::Negative, by_both: false }));
        }
    }

    /// Something out of order.
    fn slip(&mut self, random: &mut impl Rng, before: &[&Step]) -> Op {
        let phone = below(random, REGISTRARS);
        let (tube, the_box) = (below(random, self.tubes as usize) as u32, below(random, self.boxes as usize) as u32);
        let of = before.get(below(random, before.len())).map_or(0, |step| step.0);
        match below(random, 12) {
            0 => Op::Undo { phone, of },
            1 => Op::Move { phone, of, to: tube },
            2 => Op::Seal { phone, tube, counted: below(random, 6) as i32, signed: one_in(random, 2) },
            3 => Op::Pack { phone, tube, the_box },
            4 => Op::Unpack { phone, tube, the_box },
            5 => Op::SealBox { phone, the_box, counted: below(random, 4) as i32, signed: one_in(random, 2) },
            6 => Op::Scan { phone, station: below(random, 3) as i32 + 1, tube, person: below(random, self.person.max(1)) },
            7 => Op::Receive { the_box: None, tubes: vec![tube], damaged: None },
            8 => Op::ResolveHold { tube, discard: one_in(random, 3) },
            9 => Op::Release { tube, value: Call::Negative, by_both: one_in(random, 2) },
            10 if self.imports < 3 => {
                self.imports += 1;
                Op::Import { first: below(random, 20) as u32, rows: 1 + below(random, 20) as u32, bad: below(random, 3) as u32 }
            }
            _ => Op::Follow,
        }
    }

    /// Something that goes wrong.
    fn fault(&self, random: &mut impl Rng) -> Op {
        let phone = below(random, REGISTRARS);
        match FAULTS[below(random, FAULTS.len())] {
            "forge" => Op::Forge { phone, person: below(random, self.person.max(1)) },
            "swap" => Op::SwapTubes { a: below(random, self.tubes as usize) as u32, b: below(random, self.tubes as usize) as u32 },
            "lose" => Op::LoseBox { the_box: below(random, self.boxes as usize) as u32 },
            "duplicate" => Op::Duplicate { phone, take: 1 + below(random, 10) },
            "reorder" => Op::Reorder { phone },
            "delay" if one_in(random, 2) => Op::Delay { phone, take: 1 + below(random, 10) },
            "delay" => Op::Arrive,
            "offline" if one_in(random, 2) => Op::Offline { phone },
            "offline" => Op::Online { phone },
            "skew" => Op::Skew { phone, seconds: [0, 0, -90, 90, -5400, 5400][below(random, 6)] },
            "cut" => {
                let fault = [Fault::Refused, Fault::RolledBack, Fault::AnswerLost][below(random, 3)];
                Op::Cut { fault, calls: 1 + below(random, 4) as u32 }
            }
            "crash" => Op::Crash { after: below(random, 9) as u32, committed: one_in(random, 2) },
            _ => Op::Restart,
        }
    }
}

/// Mixes sequences; each keeps its own order.
fn merge(random: &mut impl Rng, mut lists: Vec<Vec<Step>>) -> Vec<Step> {
    lists.iter_mut().for_each(|list| list.reverse());
    let mut mixed = Vec::new();
    while !lists.is_empty() {
        // A few at a time, so that a table's work stays together as it does in life.
        let place = below(random, lists.len().min(3));
        for _ in 0..1 + below(random, 6) {
            mixed.extend(lists[place].pop());
        }
        if lists[place].is_empty() {
            lists.remove(place);
        }
    }
    mixed
}

/// The steps of a seed.
#[must_use]
pub fn steps(seed: u64, plan: &Plan) -> Vec<Step> {
    let tree = SeedTree::new(seed);
    let mut day = Day { numbers: 0, tubes: 0, boxes: 0, runs: 0, person: 0, imports: 0, people: plan.people };
    let mut all = Vec::new();
    for number in 0..plan.days {
        let (mut work, mut slips, mut faults) =
            (tree.stream(&format!("work {number}")), tree.stream(&format!("slips {number}")), tree.stream(&format!("faults {number}")));
        day.imports = 0;
        all.extend(one_day(&mut day, plan, (&mut work, &mut slips, &mut faults)));
        all.push(day.number(Op::Wait { minutes: 10 * 60 }));
    }
    all
}

fn one_day(day: &mut Day, plan: &Plan, (work, slips, faults): (&mut ChaCha8Rng, &mut ChaCha8Rng, &mut ChaCha8Rng)) -> Vec<Step> {
    let mut lists = Vec::new();
    while lists.iter().map(Vec::len).sum::<usize>() < plan.operations * 3 / 4 {
        let list = day.the_box(work);
        lists.push(list);
    }
    let mut steps: Vec<Step> = Vec::new();
    for step in merge(work, lists) {
        steps.push(step);
        if one_in(slips, 12) {
            // Of what people did: what goes wrong besides changes no slip.
            let done: Vec<&Step> = steps.iter().filter(|step| step.1.fault().is_none()).collect();
            let slip = day.slip(slips, &done);
            steps.push(day.number(slip));
        }
        if one_in(faults, 8) {
            let fault = day.fault(faults);
            // Drawn whether it happens or not: the rest of the day stays the same.
            let step = day.number(fault);
            if step.1.fault().is_none_or(|name| plan.faults.contains(name)) {
                steps.push(step);
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_days_again_and_faults_change_nothing_else() {
        let plan = |faults: &str| Plan { operations: 80, days: 2, people: 100, faults: Plan::faults_of(faults).unwrap() };
        assert_eq!(steps(7, &plan("all")), steps(7, &plan("all")));
        let without: Vec<Step> = steps(7, &plan("all")).into_iter().filter(|step| step.1.fault().is_none()).collect();
        assert_eq!(without, steps(7, &plan("none")));
        assert_ne!(steps(8, &plan("none")), steps(7, &plan("none")));
        assert!(Plan::faults_of("crash,swap").is_ok() && Plan::faults_of("fire").is_err());
    }
}
