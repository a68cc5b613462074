//! Alternating least squares: users and items as points whose product says what is played.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Float32Type, UInt32Type};
use datafusion::common::Column;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::prelude::*;
use radio_rec::recommend::{Als, Fit};

use crate::factor_file::{FactorFile, name_of};
use crate::plays::Plays;
use crate::rows::{Rows, Side};
use crate::session::Session;
use crate::{Result, functions};

/// The vectors of users and items, in intermediate files of a session.
pub struct Factors<'s> {
    session: &'s Session,
    pub(crate) parameters: Als,
    pub(crate) users: FactorFile,
    pub(crate) items: FactorFile,
}

/// Takes the turns of [`Als`]: the vectors are those of its [`fit`](Fit::fit) to the same plays, to the bit.
///
/// Plays are sorted into the rows of users and into those of items, on the disk where they do not fit in memory. A turn
/// is a plan that reads the rows of one side and improves their vectors, a row at a time, by
/// [`AlsHalfStep`](radio_rec::recommend::AlsHalfStep), which holds the vectors of the other side: users x factors or
/// items x factors numbers of 4 bytes.
///
/// # Errors
///
/// [`Error::Library`](crate::Error::Library) for a parameter outside its range and for values so large that single
/// precision does not hold what is computed from them, [`Error::Memory`](crate::Error::Memory) where the vectors of a
/// side do not fit, and what stops a plan.
pub async fn fit<'s>(plays: &Plays<'s>, parameters: &Als) -> Result<Factors<'s>> {
    let turns = Turns::new(plays, parameters).await?;
    let session = turns.plays.session();
    let (mut users, mut items) = turns.initial()?;
    for iteration in 1..=parameters.iterations {
        for side in [Side::Users, Side::Items] {
            let (own, other) = match side {
                Side::Users => (&mut users, &items),
                Side::Items => (&mut items, &users),
            };
            let improved = turns.take(side, iteration, own, other).await?;
            let before = std::mem::replace(own, improved);
            std::fs::remove_file(&before.path)
                .map_err(|error| crate::Error::io(before.path, error))?;
        }
    }
    Ok(Factors {
        session,
        parameters: *parameters,
        users,
        items,
    })
}

/// Tells of the plans of a turn of each side.
///
/// # Errors
///
/// Those of [`fit`].
pub async fn explain(plays: &Plays<'_>, parameters: &Als) -> Result<()> {
    let turns = Turns::new(plays, parameters).await?;
    let (users, items) = turns.initial()?;
    for (side, own, other) in [(Side::Users, &users, &items), (Side::Items, &items, &users)] {
        let plan = turns.plan(side, own, other)?;
        plays.session().explain(&stage(side, 1), plan).await?;
    }
    Ok(())
}

/// How many numbers a vector takes in memory: it is padded, and copied for that.
fn held(factors: usize) -> usize {
    match factors.next_multiple_of(16) {
        padded if padded == factors => factors,
        padded => padded + factors,
    }
}

/// What turns are taken with.
struct Turns<'p, 's> {
    plays: &'p Plays<'s>,
    parameters: &'p Als,
    by_user: Rows,
    by_item: Rows,
    _other_side: MemoryReservation,
}

fn stage(side: Side, iteration: usize) -> String {
    match side {
        Side::Users => format!("vectors of users, turn {iteration}"),
        Side::Items => format!("vectors of items, turn {iteration}"),
    }
}

impl<'p, 's> Turns<'p, 's> {
    async fn new(plays: &'p Plays<'s>, parameters: &'p Als) -> Result<Self> {
        parameters.check()?;
        let counts = plays.counts();
        let by_user = Rows::new(plays, Side::Users).await?;
        let by_item = Rows::new(plays, Side::Items).await?;
        let most = counts.users.max(counts.items);
        let bytes = most * held(parameters.factors) * size_of::<f32>();
        let session = plays.session();
        Ok(Self {
            plays,
            parameters,
            by_user,
            by_item,
            _other_side: session.set_aside("the vectors of one side", bytes)?,
        })
    }

    /// Where users and items begin.
    fn initial(&self) -> Result<(FactorFile, FactorFile)> {
        let folder = self.plays.session().new_folder()?;
        let counts = self.plays.counts();
        let factors = self.parameters.factors;
        let mut numbers = self.parameters.initial_factors()?;
        let mut vector = vec![0.0; factors];
        let mut write = |name: &str, rows: usize| {
            let mut file = FactorFile::create(folder.join(name), rows, factors)?;
            for row in 0..rows as u32 {
                vector.fill_with(|| numbers.next().unwrap_or_default());
                file.write(row, &vector)?;
            }
            file.finish()
        };
        Ok((
            write("users-0", counts.users)?,
            write("items-0", counts.items)?,
        ))
    }

    /// The plan of a turn: `row` and the `vector` that improves on its `own`.
    fn plan(&self, side: Side, own: &FactorFile, other: &FactorFile) -> Result<DataFrame> {
        let rows = match side {
            Side::Users => &self.by_user,
            Side::Items => &self.by_item,
        };
        let vector = functions::als_vector().call(vec![
            lit(name_of(&other.path)?),
            lit(name_of(&own.path)?),
            lit(self.parameters.factors as u64),
            lit(self.parameters.lambda),
            lit(self.parameters.alpha),
            col("row"),
            col("columns"),
            col("values"),
        ]);
        Ok(rows
            .table
            .clone()
            .select(vec![col("row"), vector.alias("vector")])?)
    }

    /// Takes a turn; rows without plays become 0.
    async fn take(
        &self,
        side: Side,
        iteration: usize,
        own: &FactorFile,
        other: &FactorFile,
    ) -> Result<FactorFile> {
        let counts = self.plays.counts();
        let (name, rows) = match side {
            Side::Users => ("users", counts.users),
            Side::Items => ("items", counts.items),
        };
        let factors = self.parameters.factors;
        let path = own.path.with_file_name(format!("{name}-{iteration}"));
        let mut file = FactorFile::create(path, rows, factors)?;
        let plan = self.plan(side, own, other)?;
        self.plays
            .session()
            .for_each_batch(&stage(side, iteration), plan, |batch| {
                let rows = batch.column(0).as_primitive::<UInt32Type>().values();
                let vectors = batch.column(1).as_list::<i32>().values();
                let vectors = vectors.as_primitive::<Float32Type>().values();
                self.parameters.check_finite(vectors)?;
                (rows.iter().zip(vectors.chunks_exact(factors)))
                    .try_for_each(|(&row, vector)| file.write(row, vector))
            })
            .await?;
        file.finish()
    }
}

/// The plan of the users' vectors by their names, sorted, and that of the items': `user` or `item`, and a column for
/// each factor, `factor_1` and so on.
///
/// # Errors
///
/// [`Error::Plan`](crate::Error::Plan) for what the engine does not take.
pub fn named(plays: &Plays<'_>, factors: &Factors<'_>) -> Result<[DataFrame; 2]> {
    Ok([
        named_side(plays.users(), "user", &factors.users)?,
        named_side(plays.items(), "item", &factors.items)?,
    ])
}

fn named_side(names: DataFrame, column: &str, vectors: &FactorFile) -> Result<DataFrame> {
    let vector = functions::vector_of().call(vec![
        lit(name_of(&vectors.path)?),
        lit(vectors.factors as u64),
        col("id"),
    ]);
    let fields = (1..=vectors.factors).map(|factor| {
        let name = format!("factor_{factor}");
        Expr::Column(Column::from_name(format!("vector.{name}"))).alias(name)
    });
    let mut columns = vec![col("name").alias(column)];
    columns.extend(fields);
    Ok(names
        .sort(vec![col("id").sort(true, false)])?
        .select(vec![col("name"), vector.alias("vector")])?
        .unnest_columns(&["vector"])?
        .select(columns)?)
}

impl Factors<'_> {
    /// The session whose files they are in.
    pub fn session(&self) -> &Session {
        self.session
    }
}
