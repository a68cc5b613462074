//! Plays counted: users and items with numbers, and of each pair of them how often.

use datafusion::arrow::array::{AsArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::ExprFunctionExt;
use datafusion::prelude::*;

use crate::session::Session;
use crate::source::Source;
use crate::{Error, Result, functions};

/// Plays in intermediate tables of a session.
///
/// Users and items are numbered in the order of their names' bytes, whatever files they came from in which order.
pub struct Plays<'s> {
    session: &'s Session,
    users: DataFrame,
    items: DataFrame,
    plays: DataFrame,
    sums: DataFrame,
    counts: Counts,
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Users, those without plays included.
    pub users: usize,
    /// Items, those without plays included.
    pub items: usize,
    /// Pairs of a user and an item that they played.
    pub plays: usize,
}

impl<'s> Plays<'s> {
    /// Reads and counts all rows of a source: the values of a user and an item are added up, and a sum of 0 stores
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Row`] for a row that is no play, [`Error::Argument`] where there are no plays or a sum is too large,
    /// and what stops a plan.
    pub async fn read(session: &'s Session, source: &Source) -> Result<Self> {
        match Self::count(session, source).await {
            Ok(plays) => Ok(plays),
            Err(error) => Err(source.explain_failure(session, error).await),
        }
    }

    async fn count(session: &'s Session, source: &Source) -> Result<Self> {
        let rows = source.rows(session)?;
        let users = numbered(rows.clone(), "user")?;
        let users = session.stage_read("users", users).await?;
        let items = numbered(rows.clone(), "item")?;
        let items = session.stage_read("items", items).await?;

        let user_numbers = users.clone().select(vec![
            col("id").alias("user_id"),
            col("name").alias("user_name"),
        ])?;
        let item_numbers = items.clone().select(vec![
            col("id").alias("item_id"),
            col("name").alias("item_name"),
        ])?;
        // What is on the left is held in memory.
        let plays = user_numbers.join(rows, JoinType::Inner, &["user_name"], &["user"], None)?;
        let plays = item_numbers
            .join(plays, JoinType::Inner, &["item_name"], &["item"], None)?
            .select(vec![pair("user_id", "item_id").alias("pair"), col("value")])?
            .aggregate(vec![col("pair")], vec![sum(col("value")).alias("value")])?
            .filter(col("value").gt(lit(0.0)))?
            .select(vec![
                first_of("pair").alias("user"),
                second_of("pair").alias("item"),
                col("value"),
            ])?;
        let plays = session.stage_read("plays", plays).await?;
        let plays = Self::of(session, users, items, plays).await?;
        plays.check_sums().await?;
        if plays.counts.plays == 0 {
            return Err(Error::Argument(
                "nobody played anything: there is no row with a weight above 0".into(),
            ));
        }
        Ok(plays)
    }

    /// Of tables that there are.
    async fn of(
        session: &'s Session,
        users: DataFrame,
        items: DataFrame,
        plays: DataFrame,
    ) -> Result<Self> {
        let sums = plays.clone().aggregate(
            vec![col("item")],
            vec![
                cast(count(lit(1)), DataType::Float64).alias("count"),
                sum(col("value")).alias("sum"),
                sum(col("value") * col("value")).alias("squares"),
            ],
        )?;
        let sums = session.stage("sums of items", sums).await?;
        let counts = Counts {
            users: session.count(users.clone()).await?,
            items: session.count(items.clone()).await?,
            plays: session.count(plays.clone()).await?,
        };
        Ok(Self {
            session,
            users,
            items,
            plays,
            sums,
            counts,
        })
    }

    /// The session whose tables they are in.
    pub fn session(&self) -> &'s Session {
        self.session
    }

    /// `id` and `name` of each user.
    pub fn users(&self) -> DataFrame {
        self.users.clone()
    }

    /// `id` and `name` of each item.
    pub fn items(&self) -> DataFrame {
        self.items.clone()
    }

    /// `user`, `item` and `value` of each pair of them.
    pub fn plays(&self) -> DataFrame {
        self.plays.clone()
    }

    /// `item`, and the `count`, `sum` and sum of `squares` of its values, of each item that somebody played.
    pub fn sums(&self) -> DataFrame {
        self.sums.clone()
    }

    /// How many there are.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The plays for which a condition on `user`, `item` and `value` holds; users and items keep their numbers.
    ///
    /// # Errors
    ///
    /// What stops a plan.
    pub async fn filtered(&self, condition: Expr) -> Result<Plays<'s>> {
        let plays = self.plays().filter(condition)?;
        self.with(plays).await
    }

    /// At most `cap` plays of each user, drawn by chance: by a hash, the same for the same seed.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a `cap` of 0, and what stops a plan.
    pub async fn capped(&self, cap: u64, seed: u64) -> Result<Plays<'s>> {
        if cap == 0 {
            return Err(Error::Argument("`--cap` must be 1 or more".into()));
        }
        let hash = functions::play_hash().call(vec![lit(seed), col("user"), col("item")]);
        let drawn = row_number()
            .partition_by(vec![col("user")])
            .order_by(vec![hash.sort(true, false), col("item").sort(true, false)])
            .build()?
            .alias("drawn");
        let plays = self
            .plays()
            .window(vec![drawn])?
            .filter(col("drawn").lt_eq(lit(cap)))?
            .select_columns(&["user", "item", "value"])?;
        self.with(plays).await
    }

    async fn with(&self, plays: DataFrame) -> Result<Plays<'s>> {
        let plays = self.session.stage("some of the plays", plays).await?;
        Plays::of(self.session, self.users(), self.items(), plays).await
    }

    /// Puts the name in the place of a column of users' numbers.
    pub(crate) fn name_users(&self, frame: DataFrame, column: &str) -> Result<DataFrame> {
        named(frame, column, self.users())
    }

    /// Puts the name in the place of a column of items' numbers.
    pub(crate) fn name_items(&self, frame: DataFrame, column: &str) -> Result<DataFrame> {
        named(frame, column, self.items())
    }

    /// That no values add up to more than one may be.
    async fn check_sums(&self) -> Result<()> {
        const LARGEST: f64 = 1e30;
        let large = self
            .plays()
            .filter(col("value").gt(lit(LARGEST)))?
            .limit(0, Some(1))?;
        let large = self.name_items(self.name_users(large, "user")?, "item")?;
        let large = self.session.collect(large).await?;
        let Some(row) = large.iter().find(|batch| batch.num_rows() > 0) else {
            return Ok(());
        };
        let name = |column: &str| -> String {
            let names: Option<&StringArray> =
                row.column_by_name(column).map(|names| names.as_string());
            names.map_or_else(String::new, |names| names.value(0).to_owned())
        };
        let value = row.column_by_name("value").map_or(f64::INFINITY, |values| {
            values.as_primitive::<Float64Type>().value(0)
        });
        Err(Error::Argument(format!(
            "the weights of user `{}` and item `{}` add up to {value:e}, but must be at most {LARGEST:e}",
            name("user"),
            name("item"),
        )))
    }
}

/// The distinct values of a column, with numbers from 0 in their order.
fn numbered(rows: DataFrame, column: &str) -> Result<DataFrame> {
    let number = row_number()
        .order_by(vec![col("name").sort(true, false)])
        .build()?;
    Ok(rows
        .select(vec![col(column).alias("name")])?
        .distinct()?
        .window(vec![number.alias("number")])?
        .select(vec![
            cast(col("number") - lit(1_u64), DataType::UInt32).alias("id"),
            col("name"),
        ])?)
}

fn named(frame: DataFrame, column: &str, names: DataFrame) -> Result<DataFrame> {
    let others: Vec<String> = frame
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let names = names.select(vec![
        col("id").alias("id_of_name"),
        col("name").alias("name_of_id"),
    ])?;
    let columns = others.iter().map(|other| match other == column {
        true => col("name_of_id").alias(column),
        false => ident(other),
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(frame
        .join(names, JoinType::Inner, &[column], &["id_of_name"], None)?
        .select(columns)?)
}

/// Two numbers of 32 bits as one of 64, which groups and joins faster than two columns.
pub(crate) fn pair(first: &str, second: &str) -> Expr {
    let wide = |column: &str| cast(col(column), DataType::UInt64);
    (wide(first) << lit(32_u64)) | wide(second)
}

/// The first number of a pair.
pub(crate) fn first_of(pair: &str) -> Expr {
    first_of_pair(col(pair))
}

/// The same of an expression.
pub(crate) fn first_of_pair(pair: Expr) -> Expr {
    cast(pair >> lit(32_u64), DataType::UInt32)
}

/// The second number of a pair.
pub(crate) fn second_of(pair: &str) -> Expr {
    cast(col(pair) & lit(u64::from(u32::MAX)), DataType::UInt32)
}
