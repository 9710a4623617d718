//! The goals beside the measured figures. Most show the distance on this machine; those that do not
//! depend on the machine decide the exit status.

/// A figure and its goal.
#[derive(Debug)]
struct Row {
    what: &'static str,
    figure: f64,
    goal: f64,
    unit: &'static str,
    /// Whether a higher figure is better.
    rises: bool,
    required: bool,
}

/// All figures that have a goal.
#[derive(Debug, Default)]
pub(crate) struct Goals(Vec<Row>);

impl Goals {
    /// A figure that should reach `goal`.
    pub(crate) fn at_least(
        &mut self,
        what: &'static str,
        figure: f64,
        goal: f64,
        unit: &'static str,
    ) {
        self.0.push(Row { what, figure, goal, unit, rises: true, required: false });
    }

    /// A figure that should not exceed `goal`.
    pub(crate) fn at_most(
        &mut self,
        what: &'static str,
        figure: f64,
        goal: f64,
        unit: &'static str,
    ) {
        self.0.push(Row { what, figure, goal, unit, rises: false, required: false });
    }

    /// A figure that must not exceed `goal`.
    pub(crate) fn must_be_at_most(
        &mut self,
        what: &'static str,
        figure: f64,
        goal: f64,
        unit: &'static str,
    ) {
        self.0.push(Row { what, figure, goal, unit, rises: false, required: true });
    }

    /// Prints them; returns whether all required goals are reached.
    pub(crate) fn print(&self) -> bool {
        println!("\n{:<44} {:>9} {:>9} {:<6} {:>6}", "", "measured", "goal", "", "ratio");
        for row in &self.0 {
            let Row { what, figure, goal, unit, .. } = row;
            let (ratio, reached) = (row.ratio(), row.is_reached());
            let verdict = match (reached, row.required) {
                (true, _) => "",
                (false, false) => "  not reached",
                (false, true) => "  FAILED",
            };
            println!("{what:<44} {figure:>9.2} {goal:>9.2} {unit:<6} {ratio:>6.2}{verdict}");
        }
        println!("A ratio of 1 or more reaches the goal.");
        self.0.iter().all(|row| row.is_reached() || !row.required)
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        if self.rises { self.figure / self.goal } else { self.goal / self.figure.max(1e-9) }
    }

    fn is_reached(&self) -> bool {
        self.ratio() >= 1.0
    }
}
