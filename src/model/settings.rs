//! The words of the settings blocks, as tables: keys, optimizers, schedules, data sources. Checking, near misses, completion
//! and the reference read them; to add one is to add its line.

use super::signature::{Bounds, Otherwise, Parameter, Takes};

/// A word that is used like a call: an optimizer, a schedule, a source.
#[derive(Debug, PartialEq)]
pub struct Word {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its parameters, those that may be passed by position first.
    pub parameters: &'static [Parameter],
}

/// A key of a block.
#[derive(Debug, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it settles, in one line.
    pub summary: &'static str,
}

const fn key(name: &'static str, summary: &'static str) -> Key {
    Key { name, summary }
}

const fn word(name: &'static str, summary: &'static str, parameters: &'static [Parameter]) -> Word {
    Word { name, summary, parameters }
}

const ANY: Takes = Takes::Number(Bounds::Finite);
const NOT_NEGATIVE: Takes = Takes::Number(Bounds::NotNegative);
const POSITIVE: Takes = Takes::Number(Bounds::Positive);
const BELOW_ONE: Takes = Takes::Number(Bounds::ShareBelowOne);
const COUNT: Takes = Takes::Count { least: 1 };
const COUNT_OR_ZERO: Takes = Takes::Count { least: 0 };

/// The settings of a network.
pub static NETWORK_KEYS: &[Key] = &[
    key("loss", "what is minimised; needed to run"),
    key("weights", "the init rule of all weights"),
    key("biases", "the init rule of all biases, or `none`"),
    key("precision", "the number format of all tensors, `f32` or `f64`"),
];

/// The keys of `data`.
pub static DATA_KEYS: &[Key] = &[
    key("source", "where the examples come from"),
    key("test", "a second set, held out"),
    key("take", "keep this many examples after `skip`"),
    key("skip", "leave out this many examples first"),
    key("batch", "examples in a batch; all where absent"),
    key("shuffle", "whether each epoch draws its own order"),
    key("scale", "a factor on the inputs"),
    key("normalize", "`standard`: zero mean and unit variance for every input column of the training part"),
    key("one_hot", "whether targets become one-hot; by the loss where absent"),
    key("split", "the share of the examples that is trained on"),
    key("seed", "drives generators and split, nothing else"),
];

/// The keys of `train`.
pub static TRAIN_KEYS: &[Key] = &[
    key("optimizer", "how the gradient becomes a step"),
    key("steps", "the number of steps"),
    key("epochs", "the number of passes over the data"),
    key("schedule", "how the rate changes"),
    key("clip", "a bound on the gradient"),
    key("decay", "the L2 penalty on the weights"),
    key("constrain", "a bound on the weights after every step"),
    key("checkpoint", "the file that keeps the state, from which `--resume` goes on"),
];

/// The keys of `report`.
pub static REPORT_KEYS: &[Key] = &[
    key("at", "the steps that are reported"),
    key("every", "a report every so many steps"),
    key("seeds", "the seeds that are run"),
    key("dropout", "`off` leaves dropout out of the reports"),
    key("curvature", "`on` tells of the last step what the loss is like around it: a saddle, a minimum, flat"),
    key("vanishing", "the ratio below which the gradient vanishes"),
    key("exploding", "the ratio above which it explodes"),
    key("dead", "the share of dead units that is the verdict"),
    key("saturated", "the share of saturated entries that is the verdict"),
    key("underflow", "the share of lost entries that is the verdict"),
];

const RATE: Parameter = Parameter::required("rate", POSITIVE, "the learning rate");
const EPS: Parameter = Parameter::optional("eps", POSITIVE, Otherwise::Number(1e-8), "added to the denominator");

/// The optimizers, with PyTorch's defaults.
pub static OPTIMIZERS: &[Word] = &[
    word(
        "sgd",
        "gradient descent",
        &[
            RATE,
            Parameter::optional(
                "momentum",
                BELOW_ONE,
                Otherwise::Number(0.0),
                "the share of the last step that is kept",
            ),
            Parameter::optional(
                "nesterov",
                Takes::Boolean,
                Otherwise::Boolean(false),
                "whether the momentum looks ahead",
            ),
        ],
    ),
    word("adam", "gradients divided by their root mean square, with momentum", &[RATE, BETA1, BETA2, EPS]),
    word(
        "adamw",
        "Adam with decay apart from the gradient",
        &[
            RATE,
            BETA1,
            BETA2,
            EPS,
            Parameter::optional("decay", NOT_NEGATIVE, Otherwise::Number(0.01), "the decay of the weights"),
        ],
    ),
    word(
        "rmsprop",
        "gradients divided by their root mean square",
        &[
            RATE,
            Parameter::optional(
                "alpha",
                BELOW_ONE,
                Otherwise::Number(0.99),
                "the share of the mean square that is kept",
            ),
            EPS,
            Parameter::optional(
                "momentum",
                BELOW_ONE,
                Otherwise::Number(0.0),
                "the share of the last step that is kept",
            ),
        ],
    ),
    word(
        "adagrad",
        "gradients divided by the root of the sum of their squares",
        &[RATE, Parameter::optional("eps", POSITIVE, Otherwise::Number(1e-10), "added to the denominator")],
    ),
    word(
        "lion",
        "the sign of a mean of gradients",
        &[
            RATE,
            BETA1,
            Parameter::optional("beta2", BELOW_ONE, Otherwise::Number(0.99), "the share of the mean that is kept"),
            Parameter::optional("decay", NOT_NEGATIVE, Otherwise::Number(0.0), "the decay of the weights"),
        ],
    ),
];

const BETA1: Parameter =
    Parameter::optional("beta1", BELOW_ONE, Otherwise::Number(0.9), "the share of the mean that is kept");
const BETA2: Parameter =
    Parameter::optional("beta2", BELOW_ONE, Otherwise::Number(0.999), "the share of the mean square that is kept");

/// The schedules of the learning rate.
pub static SCHEDULES: &[Word] = &[
    word("constant", "the rate stays", &[]),
    word(
        "cosine",
        "half a cosine down to 0",
        &[Parameter::optional("warmup", COUNT_OR_ZERO, Otherwise::Count(0), "steps of linear rise before it")],
    ),
    word(
        "step",
        "the rate falls by a factor every so many steps",
        &[
            Parameter::required("every", COUNT, "steps between falls"),
            Parameter::required("factor", POSITIVE, "the factor"),
        ],
    ),
    word(
        "exponential",
        "the rate falls by a factor each step",
        &[Parameter::required("factor", POSITIVE, "the factor")],
    ),
];

/// The bounds on the gradient.
pub static CLIPS: &[Word] = &[
    word(
        "norm",
        "the whole gradient is scaled to this norm where it is longer",
        &[Parameter::required("c", POSITIVE, "the norm")],
    ),
    word("value", "every entry is cut at ± this", &[Parameter::required("c", POSITIVE, "the bound")]),
];

/// The bounds on the weights.
pub static CONSTRAINTS: &[Word] = &[
    word(
        "max_norm",
        "the weights into a unit are scaled to this norm where it is exceeded",
        &[Parameter::required("c", POSITIVE, "the norm")],
    ),
    word(
        "range",
        "every weight is cut to this range",
        &[
            Parameter::required("low", Takes::Number(Bounds::Any), "the low end"),
            Parameter::required("high", Takes::Number(Bounds::Any), "the high end"),
        ],
    ),
];

const PATH: Parameter = Parameter::required("path", Takes::Text, "the file, relative to the `.net` file");
const X: Parameter = Parameter::optional("x", Takes::Text, Otherwise::Word("x"), "the array of inputs");
const Y: Parameter = Parameter::optional("y", Takes::Text, Otherwise::Word("y"), "the array of targets");
const NOISE: Parameter = Parameter::required("noise", NOT_NEGATIVE, "the standard deviation of the noise");

/// The data sources.
pub static SOURCES: &[Word] = &[
    word(
        "idx",
        "MNIST's format, plain or gzip",
        &[
            Parameter::required("images", Takes::Text, "the file of inputs"),
            Parameter::required("labels", Takes::Text, "the file of class numbers"),
        ],
    ),
    word(
        "csv",
        "a table, one example a row",
        &[
            PATH,
            Parameter::named("target", Takes::Text, Otherwise::Absent, "the column to predict; the last where absent"),
            Parameter::named("header", Takes::Boolean, Otherwise::Boolean(true), "whether the first row has names"),
            Parameter::named("window", COUNT, Otherwise::Absent, "rows in an example, for sequences"),
        ],
    ),
    word(
        "npy",
        "two files of numpy",
        &[
            Parameter::required("x", Takes::Text, "the file of inputs"),
            Parameter::required("y", Takes::Text, "the file of targets"),
        ],
    ),
    word("npz", "an archive of numpy", &[PATH, X, Y]),
    word(
        "safetensors",
        "two tensors of a file",
        &[
            PATH,
            Parameter::required("x", Takes::Text, "the tensor of inputs"),
            Parameter::required("y", Takes::Text, "the tensor of targets"),
        ],
    ),
    word(
        "text",
        "characters, each to be told from those before it",
        &[PATH, Parameter::optional("window", COUNT, Otherwise::Count(64), "characters in an example")],
    ),
    word(
        "gaussian",
        "classes with normal means and unit noise",
        &[
            Parameter::required("features", COUNT, "the number of inputs"),
            Parameter::optional("classes", COUNT, Otherwise::Count(2), "the number of classes"),
        ],
    ),
    word("moons", "two half circles", &[NOISE]),
    word(
        "spirals",
        "arms that wind around each other",
        &[Parameter::required("classes", COUNT, "the number of arms"), NOISE],
    ),
    word("xor", "the four rows of exclusive or", &[]),
    word("parity", "whether the number of ones is odd", &[Parameter::required("bits", COUNT, "the number of inputs")]),
    word("sine", "a sine to be fitted", &[]),
    word(
        "teacher",
        "what a random network answers",
        &[
            Parameter::required("widths", Takes::Counts, "the widths from input to output"),
            Parameter::required("activation", Takes::Activation, "of the hidden layers"),
        ],
    ),
    word(
        "adding",
        "two marked numbers of a sequence to be added",
        &[Parameter::required("time", COUNT, "the number of steps")],
    ),
    word(
        "copy",
        "symbols to be repeated after a delay",
        &[
            Parameter::required("time", COUNT, "symbols to copy"),
            Parameter::required("delay", COUNT_OR_ZERO, "blanks between"),
        ],
    ),
];

/// The distributions that init rules are made of.
pub static DISTRIBUTIONS: &[Word] = &[
    word("constant", "every element the same", &[Parameter::required("c", ANY, "the number")]),
    word("normal", "Gaussian", &[MEAN, STD]),
    word(
        "uniform",
        "uniform between two numbers",
        &[Parameter::required("low", ANY, "the low end"), Parameter::required("high", ANY, "the high end")],
    ),
    word("truncated_normal", "Gaussian, cut at two standard deviations", &[MEAN, STD]),
    word("orthogonal", "a random orthogonal matrix", &[GAIN]),
    word("identity", "a number on the diagonal", &[GAIN]),
    word(
        "sparse",
        "so many Gaussian entries into each unit, the rest zero",
        &[Parameter::required("nonzeros", COUNT_OR_ZERO, "entries into each unit"), STD],
    ),
    word("auto", "the normal distribution whose gradient neither grows nor shrinks with the layer's activation", &[]),
    word("file", "read from a safetensors file", &[PATH]),
];

const MEAN: Parameter = Parameter::required("mean", ANY, "the mean");
const STD: Parameter = Parameter::required("std", NOT_NEGATIVE, "the standard deviation");
const GAIN: Parameter = Parameter::optional("gain", ANY, Otherwise::Number(1.0), "a factor");

/// The entry of a word.
#[must_use]
pub fn find(words: &'static [Word], name: &str) -> Option<&'static Word> {
    words.iter().find(|word| word.name == name)
}
