//! Arguments that several subcommands share.

use clap::ValueEnum;
use clap::builder::{EnumValueParser, TypedValueParser};
use radio_notebook::execute::engine::Engine;
use std::path::PathBuf;
use std::time::Duration;

/// What can be given to every command that executes notebooks and writes their copies.
#[derive(Clone, Debug, clap::Args)]
pub struct CommonArgs {
    /// Where executed copies and figures go
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) output: PathBuf,
    /// Replace the value of a parameter: of a `let` in the cell tagged `parameters`
    #[arg(short, long = "parameter", value_names = ["NAME", "VALUE"], num_args = 2, allow_hyphen_values = true)]
    pub(crate) parameter: Vec<String>,
    /// The most time a cell may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// What executes the cells
    #[arg(long, value_parser = engine(), default_value = "compiled")]
    pub(crate) engine: Engine,
}

/// [`Engine`] as it is named on the command line.
#[derive(Clone, Copy, ValueEnum)]
enum EngineName {
    /// Each cell compiled by radio
    Compiled,
    /// One cell after the other, compiled by evcxr as in Jupyter: slow, to compare
    Evcxr,
}

/// Reads the name of an engine.
pub(crate) fn engine() -> impl TypedValueParser<Value = Engine> {
    EnumValueParser::<EngineName>::new().map(|name| match name {
        EngineName::Compiled => Engine::Compiled,
        EngineName::Evcxr => Engine::Evcxr,
    })
}

impl CommonArgs {
    /// The parameters' names and values.
    pub(crate) fn values(&self) -> Vec<(String, String)> {
        let pairs = self.parameter.chunks_exact(2);
        pairs
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect()
    }
}

/// Longer than anybody waits, and short enough to be added to the time of day.
const MAX_TIME: Duration = Duration::from_secs(1_000_000_000);

pub(crate) fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero() && *time <= MAX_TIME)
        .ok_or_else(|| {
            format!(
                "should be a number above 0, and at most {}",
                MAX_TIME.as_secs()
            )
        })
}
