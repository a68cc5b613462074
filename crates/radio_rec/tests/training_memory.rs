//! An epoch takes no memory. (A test of its own, because it has an allocator of its own.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;

use ndarray::Array2;
use radio_rec::nn::{
    Activation, EarlyStopping, Initialiser, Loss, Network, Optimiser, Training, one_hot,
};

struct Counting;

thread_local! {
    /// By this thread: those that run the tests take memory too.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often memory is taken from the end of the first epoch to the end of the last.
fn taken(training: &Training, network: &mut Network, x: &Array2<f64>, y: &Array2<f64>) -> usize {
    let mut counts = [0; 2];
    training
        .fit_with(network, x, y, Some((x, y)), |progress| {
            let at = usize::from(progress.epoch > 1);
            counts[at] = TAKEN.get();
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(counts[1] > 0, "there were several epochs");
    counts[1] - counts[0]
}

#[test]
fn an_epoch_takes_no_memory() {
    let x = Array2::from_shape_fn((2, 2000), |(i, j)| ((i * 31 + j * 7) as f64).sin() * 2.0);
    let outer = |j: usize| usize::from(x[(0, j)].hypot(x[(1, j)]) > 1.5);
    let labels: Vec<usize> = (0..2000).map(outer).collect();
    let classes = one_hot(&labels, 2).unwrap();
    let y = classes.slice(ndarray::s![1..2, ..]).to_owned();

    let layers = [(4, Activation::Tanh), (1, Activation::Sigmoid)];
    let mut network = Network::new(2, &layers, Initialiser::Xavier, 7).unwrap();
    let whole = Training {
        epochs: 20,
        rate: 1.2,
        ..Training::default()
    };
    assert_eq!(taken(&whole, &mut network, &x, &y), 0);

    let layers = [
        (8, Activation::Relu),
        (5, Activation::Sigmoid),
        (2, Activation::Softmax),
    ];
    let mut network = Network::new(2, &layers, Initialiser::He, 7).unwrap();
    let batches = Training {
        epochs: 20,
        rate: 0.01,
        optimiser: Optimiser::adam(),
        loss: Loss::CategoricalCrossEntropy,
        batch: Some(64),
        l2: 1e-4,
        input_dropout: 0.1,
        early_stopping: Some(EarlyStopping::default()),
        ..Training::default()
    };
    assert_eq!(taken(&batches, &mut network, &x, &classes), 0);
}
