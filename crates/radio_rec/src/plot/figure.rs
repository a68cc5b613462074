//! A figure: its constructors, and what it is told besides its data.

use std::borrow::Borrow;

use ndarray::{Array2, ArrayRef2};

use super::bars::Bars;
use super::chart::Chart;
use super::content::Content;
use super::curves::Curves;
use super::grid::{Grid, Panel};
use super::heatmap::Heatmap;
use super::histogram::Histogram;
use super::lines::Lines;
use super::look::Look;
use super::number::Number;
use super::plane::Labels;
use super::regions::Regions;
use super::scatter::Scatter;
use super::scene::clean;
use super::surface::Surface;
use crate::{Error, Result};

/// A chart with its title and labels.
///
/// Names, titles and labels are drawn on one line, and cut with an ellipsis where they are too long. PNG figures are
/// drawn in DejaVu Sans, which comes with the crate, in Latin, Greek and Cyrillic letters; other signs are boxes there,
/// while an SVG shows what the viewer's fonts have.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub(super) content: Content,
    pub(super) labels: Labels,
    pub(super) look: Look,
}

impl Figure {
    /// How many of `values` lie in which range. [`Figure::bins`] says how many ranges there are; by default as many as
    /// numpy's `bins="auto"` makes of fractions, while a bar of whole numbers stands over one of them, or over some
    /// equally many.
    ///
    /// ```
    /// use radio_rec::plot::Figure;
    ///
    /// let ages = [31, 25, 28, 40, 33, 25];
    /// assert!(Figure::histogram(&ages)?.x_label("age").to_svg()?.contains("from 25"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if a number is not finite; [`Error::Plot`] if there are none or more than 10
    /// million.
    pub fn histogram(values: impl IntoIterator<Item: Number>) -> Result<Self> {
        Self::of_ranges(numbers(values))
    }

    /// Points at (`x`, `y`); [`Figure::classes`] tells them apart.
    ///
    /// A row of an array serves as `x`: `Figure::scatter(x.row(0), x.row(1))`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` and `y` differ in length; [`Error::InvalidParameter`] if a number is not finite;
    /// [`Error::Plot`] if there are no points or more than 100,000.
    pub fn scatter(
        x: impl IntoIterator<Item: Number>,
        y: impl IntoIterator<Item: Number>,
    ) -> Result<Self> {
        Self::of_points(numbers(x), numbers(y))
    }

    /// Gives each point of a scatter plot the colour and the marker of its class. `labels` holds the class of each
    /// point, an index into `class_names`, which make the legend.
    ///
    /// ```
    /// use radio_rec::plot::Figure;
    ///
    /// let figure = Figure::scatter([1.0, 2.0, 3.0], [2, 4, 5])?.classes([0, 0, 1], ["inner", "outer"])?;
    /// assert!(figure.to_svg()?.contains("inner 2, outer 1"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as points; [`Error::InvalidParameter`] if a label has no name;
    /// [`Error::Plot`] if there are no names or more than 40, or the figure is no scatter plot.
    pub fn classes(
        self,
        labels: impl IntoIterator<Item: Borrow<usize>>,
        class_names: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        let labels = labels.into_iter().map(|class| *class.borrow()).collect();
        self.with_classes(labels, names(class_names))
    }

    /// A horizontal bar for each of `values`, from the top down, with its label in front and its value at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as values; [`Error::InvalidParameter`] if a value is not
    /// finite; [`Error::Plot`] if there are none, or more than 100.
    pub fn bars(
        labels: impl IntoIterator<Item: AsRef<str>>,
        values: impl IntoIterator<Item: Number>,
    ) -> Result<Self> {
        Self::of_bars(names(labels), numbers(values))
    }

    /// A cell for each number of `matrix` (rows x columns, the first row at the top), in colours from violet for the
    /// smallest to yellow for the largest, with a colour bar. Where there is room, the numbers stand in the cells.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if there are not as many labels as rows or columns; [`Error::InvalidParameter`] if a number is
    /// not finite; [`Error::Plot`] if the matrix is empty or larger than 500 x 500.
    pub fn heatmap(
        matrix: &ArrayRef2<f64>,
        row_labels: impl IntoIterator<Item: AsRef<str>>,
        column_labels: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        Self::of_matrix(matrix, names(row_labels), names(column_labels))
    }

    /// A line through `values`, one after the other: [`Figure::curves`] with one series, which needs no name.
    ///
    /// # Errors
    ///
    /// Those of [`Figure::curves`].
    pub fn line(values: impl IntoIterator<Item: Number>) -> Result<Self> {
        Self::curves([("", values)])
    }

    /// A line for each named series of numbers, against the iteration they were taken at: 0, 1, 2 and so on (see
    /// [`Figure::first_iteration`]). The series may differ in length.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if a number is not finite; [`Error::Plot`] if there is no series or more than 40, or
    /// one of them is empty or has more than 100,000 numbers.
    pub fn curves<N: AsRef<str>, V: IntoIterator<Item: Number>>(
        series: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let series = series
            .into_iter()
            .map(|(name, values)| (clean(name.as_ref()), numbers(values)))
            .collect();
        Self::of_curves(series)
    }

    /// A line through the points (x, y) of each named series, in their order, with a marker at each point. Up to twelve
    /// lines have their names at their ends, more have a legend. [`Figure::point_labels`] says what the points are.
    ///
    /// ```
    /// use radio_rec::plot::Figure;
    ///
    /// // The recall and the precision of two models, for lists of 1, 5 and 10 items.
    /// let figure = Figure::lines([
    ///     ("ease", [(0.04, 0.61), (0.14, 0.49), (0.23, 0.42)]),
    ///     ("popularity", [(0.02, 0.33), (0.07, 0.26), (0.11, 0.22)]),
    /// ])?
    /// .point_labels(["1 item", "5", "10"])
    /// .x_label("recall")
    /// .y_label("precision");
    /// assert!(figure.to_svg()?.contains("popularity"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if a number is not finite; [`Error::Plot`] if there is no line or more than 40, or
    /// one of them has no point or more than 100,000.
    pub fn lines<N: AsRef<str>, P: IntoIterator<Item: Borrow<(f64, f64)>>>(
        series: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self> {
        let series = series
            .into_iter()
            .map(|(name, points)| {
                let points = points.into_iter().map(|point| *point.borrow()).collect();
                (clean(name.as_ref()), points)
            })
            .collect();
        Self::of_lines(series)
    }

    /// Which class a model gives to each point of the plane, as a tinted region with a border, with the data on top.
    ///
    /// `points` has 2 x m numbers, a column a point, as a network reads them; `labels` holds the class of each point,
    /// an index into `class_names`. `predict` is called once, with the points of a fine grid and the data: 2 x n
    /// numbers, a column a point. It returns a column for each of them, with
    ///
    /// - one row for two classes: the probability of the second one, from 0 to 1. The border is where it is 1/2; the
    ///   stronger the tint, the surer the model, in steps at 0.1, 0.3, 0.7 and 0.9.
    /// - one row for more classes: the number of the class.
    /// - a row a class: scores, such as those of a softmax, of which the highest counts.
    ///
    /// ```
    /// use radio_rec::datasets::{Moons, moons};
    /// use radio_rec::nn::Parameters;
    /// use radio_rec::plot::Figure;
    ///
    /// let data = moons(&Moons { n_samples: 200, noise: 0.1, shuffle: true }, 1606)?;
    /// let (x, y) = data.to_columns();
    /// let mut network = Parameters::random(2, 4, 1, 7)?;
    /// network.train(&x, &y, 1.0, 200)?;
    /// let figure = Figure::decision_regions(&x, &data.labels, ["upper", "lower"], |points| {
    ///     Ok(network.forward(points)?.a2)
    /// })?
    /// .title("After 200 iterations");
    /// assert!(figure.to_svg()?.starts_with("<svg"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `predict`; [`Error::Shape`] if `points` has not two rows, `labels` has another length, or `predict`
    /// returns another shape; [`Error::InvalidParameter`] if a number is not finite or a label has no name;
    /// [`Error::Plot`] if there are no points or more than 100,000, fewer than 2 or more than 7 names, or `predict`
    /// returns what is no probability or class.
    pub fn decision_regions(
        points: &ArrayRef2<f64>,
        labels: impl IntoIterator<Item: Borrow<usize>>,
        class_names: impl IntoIterator<Item: AsRef<str>>,
        predict: impl FnOnce(&Array2<f64>) -> Result<Array2<f64>>,
    ) -> Result<Self> {
        let labels = labels.into_iter().map(|class| *class.borrow()).collect();
        Self::of_regions(points, labels, names(class_names), &mut once(predict))
    }

    /// The activation of each unit of a layer at each point of the plane: a grid of panels, a panel a unit, in colours
    /// from blue for negative numbers over white to orange for positive ones, the same for all, with a line where the
    /// unit changes its sign.
    ///
    /// `points` has 2 x m numbers, a column a point: the plane is shown as far as they reach. `activations` is called
    /// once, with the points of a fine grid, 2 x n numbers, and returns a row a unit, a column a point.
    ///
    /// ```
    /// use radio_rec::datasets::{Circles, circles};
    /// use radio_rec::nn::Parameters;
    /// use radio_rec::plot::Figure;
    ///
    /// let (x, _) = circles(&Circles::default(), 1606)?.to_columns();
    /// let network = Parameters::random(2, 4, 1, 7)?;
    /// let figure = Figure::activations(&x, |points| Ok(network.forward(points)?.a1))?.title("The hidden layer");
    /// assert!(figure.to_svg()?.contains("unit 3"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `activations`; [`Error::Shape`] if `points` has not two rows, or `activations` returns another number
    /// of columns; [`Error::InvalidParameter`] if a coordinate is not finite; [`Error::Plot`] if an activation is not,
    /// and if there are no points or more than 100,000, or no units or more than 100.
    pub fn activations(
        points: &ArrayRef2<f64>,
        activations: impl FnOnce(&Array2<f64>) -> Result<Array2<f64>>,
    ) -> Result<Self> {
        Self::of_units(points, &mut once(activations))
    }

    /// Several figures as panels of one, row by row, each under its title.
    ///
    /// Where all panels have the same axes, the numbers stand at the outer panels only, and where all have the same
    /// legend, it is drawn once. So decision regions at several epochs make a film strip. The size is that of the grid;
    /// those of the panels do not count. A panel with decision regions shows about 200 of its points at most, evenly
    /// from each class.
    ///
    /// ```
    /// use radio_rec::plot::Figure;
    ///
    /// let cost = Figure::curves([("cost", [0.69, 0.42, 0.31])])?.title("Cost");
    /// let accuracy = Figure::curves([("accuracy", [0.5, 0.83, 0.95])])?.title("Accuracy");
    /// let figure = Figure::grid([cost, accuracy])?.x_label("epoch");
    /// assert!(figure.to_svg()?.contains("Accuracy"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] if there are no panels or more than 100, or one of them is a grid.
    pub fn grid(panels: impl IntoIterator<Item = Figure>) -> Result<Self> {
        Self::of_panels(panels.into_iter().collect())
    }

    fn of(chart: Chart) -> Self {
        Self::with(Content::Chart(chart))
    }

    fn with(content: Content) -> Self {
        Self {
            content,
            labels: Labels::default(),
            look: Look::default(),
        }
    }

    /// The title above the chart.
    pub fn title(self, title: impl AsRef<str>) -> Self {
        self.with_label(title.as_ref(), |labels| &mut labels.title)
    }

    /// What the x axis shows.
    pub fn x_label(self, label: impl AsRef<str>) -> Self {
        self.with_label(label.as_ref(), |labels| &mut labels.x)
    }

    /// What the y axis shows.
    pub fn y_label(self, label: impl AsRef<str>) -> Self {
        self.with_label(label.as_ref(), |labels| &mut labels.y)
    }

    /// A logarithmic x axis, for a scatter plot, curves or lines. All x must then be positive, so curves must not begin
    /// at iteration 0.
    pub fn log_x(mut self) -> Self {
        self.labels.log_x = true;
        self
    }

    /// A logarithmic y axis, for a scatter plot, curves or lines. All y must then be positive.
    pub fn log_y(mut self) -> Self {
        self.labels.log_y = true;
        self
    }

    /// The iteration of the first number of each curve; 0 by default.
    pub fn first_iteration(mut self, iteration: usize) -> Self {
        self.labels.first_iteration = iteration;
        self
    }

    /// The colours of a heat map from blue over white to orange, with white at 0 and equal steps on both sides: for
    /// numbers with a sign, such as the weights of a layer.
    ///
    /// ```
    /// use radio_rec::plot::Figure;
    ///
    /// let w1 = ndarray::array![[1.3, -0.4], [-2.1, 0.9], [0.2, 1.7]];
    /// let figure = Figure::heatmap(&w1, ["unit 0", "unit 1", "unit 2"], ["x1", "x2"])?.diverging().title("W1");
    /// assert!(figure.to_svg()?.contains("-2.10"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn diverging(mut self) -> Self {
        self.labels.diverging = true;
        self
    }

    /// What the points of a scatter plot or of lines are, such as the length of a list: the first label belongs to the
    /// first point of each line, and so on; one that is empty to none. Each is written once, where it covers nothing,
    /// and left out where it would.
    pub fn point_labels(mut self, labels: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.labels.point_labels = names(labels);
        self
    }

    /// How many ranges of equal width a histogram has, from 1 to 1000: from the smallest number to the largest.
    pub fn bins(mut self, bins: usize) -> Self {
        self.labels.bins = Some(bins);
        self
    }

    /// How many panels of a grid stand side by side, at least 1; by default up to four with the same axes, and up to
    /// two with axes of their own.
    pub fn columns(mut self, columns: usize) -> Self {
        self.labels.columns = Some(columns);
        self
    }
}

/// What is generic in the methods above is compiled where they are called: in a notebook, by the cell. So they do no
/// more than turn what they are given into these arguments.
impl Figure {
    fn of_ranges(values: Vec<f64>) -> Result<Self> {
        Ok(Self::of(Chart::Histogram(Histogram::new(values)?)))
    }

    fn of_points(x: Vec<f64>, y: Vec<f64>) -> Result<Self> {
        Ok(Self::of(Chart::Scatter(Scatter::new(x, y)?)))
    }

    fn with_classes(self, labels: Vec<usize>, class_names: Vec<String>) -> Result<Self> {
        let chart = match self.content {
            Content::Chart(Chart::Scatter(points)) => points.with_classes(labels, class_names)?,
            other => {
                return Err(Error::Plot {
                    message: format!("{} cannot have classes; a scatter plot can", other.kind()),
                });
            }
        };
        Ok(Self {
            content: Content::Chart(Chart::Scatter(chart)),
            ..self
        })
    }

    fn of_bars(labels: Vec<String>, values: Vec<f64>) -> Result<Self> {
        Ok(Self::of(Chart::Bars(Bars::new(labels, values)?)))
    }

    fn of_matrix(
        matrix: &ArrayRef2<f64>,
        row_labels: Vec<String>,
        column_labels: Vec<String>,
    ) -> Result<Self> {
        let chart = Heatmap::new(matrix.to_owned(), row_labels, column_labels)?;
        Ok(Self::of(Chart::Heatmap(chart)))
    }

    fn of_curves(series: Vec<(String, Vec<f64>)>) -> Result<Self> {
        Ok(Self::of(Chart::Curves(Curves::new(series)?)))
    }

    fn of_lines(series: Vec<(String, Vec<(f64, f64)>)>) -> Result<Self> {
        Ok(Self::of(Chart::Lines(Lines::new(series)?)))
    }

    fn of_regions(
        points: &ArrayRef2<f64>,
        labels: Vec<usize>,
        class_names: Vec<String>,
        predict: Predict<'_>,
    ) -> Result<Self> {
        let chart = Regions::new(points, labels, class_names, predict)?;
        Ok(Self::of(Chart::Regions(chart)))
    }

    fn of_units(points: &ArrayRef2<f64>, activations: Predict<'_>) -> Result<Self> {
        let units = Surface::of_units(points, activations)?.into_iter();
        let panels = units
            .enumerate()
            .map(|(unit, surface)| Self::of(Chart::Surface(surface)).title(format!("unit {unit}")));
        Self::of_panels(panels.collect())
    }

    fn of_panels(panels: Vec<Self>) -> Result<Self> {
        let panel = |figure: Figure| match figure.content {
            Content::Chart(chart) => Ok(Panel {
                chart,
                labels: figure.labels,
            }),
            Content::Grid(_) => Err(Error::Plot {
                message: "a panel of a grid cannot be a grid; give all panels to one grid".into(),
            }),
        };
        let panels = panels.into_iter().map(panel).collect::<Result<_>>()?;
        Ok(Self::with(Content::Grid(Grid::new(panels)?)))
    }

    fn with_label(mut self, text: &str, label: fn(&mut Labels) -> &mut String) -> Self {
        *label(&mut self.labels) = clean(text);
        self
    }
}

/// What a model says of points, a column a point.
pub(super) type Predict<'p> = &'p mut dyn FnMut(&Array2<f64>) -> Result<Array2<f64>>;

/// A function that is called once, as one that could be called again.
fn once(
    predict: impl FnOnce(&Array2<f64>) -> Result<Array2<f64>>,
) -> impl FnMut(&Array2<f64>) -> Result<Array2<f64>> {
    let mut predict = Some(predict);
    move |points| predict.take().expect("it is called once")(points)
}

fn numbers(values: impl IntoIterator<Item: Number>) -> Vec<f64> {
    values.into_iter().map(|value| value.as_f64()).collect()
}

fn names(names: impl IntoIterator<Item: AsRef<str>>) -> Vec<String> {
    names.into_iter().map(|name| clean(name.as_ref())).collect()
}
