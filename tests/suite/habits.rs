//! What those write who come from PyTorch, Keras or Python: how it is told, and what `check --fix` makes of it.

use crate::support::{finish, finish_with_input, snapshot_folder};
use gradc::diagnostics::render::render;
use gradc::pipeline::{self, Options};

/// Name, text, and the text that `check --fix` leaves.
const HABITS: &[(&str, &str, &str)] = &[
    (
        "torch-layers",
        "network n {\n  input(784)\n  self.fc1 = nn.Linear(784, 30)\n  nn.ReLU()\n  nn.Linear(in_features=30, out_features=10, bias=False)\n  loss: mse\n}\n",
        "network n {\n  input(784)\n  fc1 = dense(30)\n  relu\n  dense(10, biases: none)\n  loss: mse\n}\n",
    ),
    (
        "bare-layers",
        "network n {\n  input(4)\n  Linear(4, 3)\n  Dense(30)\n  ReLU\n  Sigmoid()\n  dense(1)\n  loss: mse\n}\n",
        "network n {\n  input(4)\n  dense(3)\n  dense(30)\n  relu\n  sigmoid\n  dense(1)\n  loss: mse\n}\n",
    ),
    (
        "keras-layers",
        "network n {\n  input(4)\n  model.add(Dense(30, activation=\"relu\", kernel_initializer=\"he_normal\"))\n  Dense(units=1)\n  loss: mse\n}\n",
        "network n {\n  input(4)\n  dense(30, relu, weights: he_normal)\n  dense(1)\n  loss: mse\n}\n",
    ),
    (
        "sequential",
        "model = nn.Sequential(\n    nn.Linear(784, 30),\n    nn.Sigmoid(),\n    nn.Linear(30, 10),\n)\n",
        "network model {\n  input(784)\n  dense(30)\n  sigmoid\n  dense(10)\n}\n",
    ),
    (
        "sequential-inside",
        "network n {\n  input(4)\n  Sequential([Dense(3), ReLU()])\n  dense(1)\n  loss: mse\n}\n",
        "network n {\n  input(4)\n  dense(3)\n  relu\n  dense(1)\n  loss: mse\n}\n",
    ),
    (
        "arguments",
        "network n {\n  input(4)\n  dense(30, activation=\"relu\", kernel_initializer=\"glorot_uniform\")\n  dense(10, ReLU())\n  dense(1)\n  loss: mse\n}\n",
        "network n {\n  input(4)\n  dense(30, activation: relu, weights: glorot_uniform)\n  dense(10, relu)\n  dense(1)\n  loss: mse\n}\n",
    ),
    (
        "settings",
        "data { source: xor, batch_size: 4 }\nnetwork n {\n  input(2)\n  dense(1),\n  loss = mse\n  weights = he_normal\n  biases: None\n}\ntrain { optimizer: sgd(lr=0.1), n_epochs = 5 }\n",
        "data { source: xor; batch: 4 }\nnetwork n {\n  input(2)\n  dense(1)\n  loss: mse\n  weights: he_normal\n  biases: none\n}\ntrain { optimizer: sgd(rate: 0.1); epochs: 5 }\n",
    ),
    (
        "train-settings",
        "network n {\n  input(2)\n  dense(1)\n  loss: mse\n  optimizer: sgd(rate: 0.1)\n}\ntrain { lr: 0.1; optimizer: sgd(rate: 0.1); steps: 2 }\n",
        "network n {\n  input(2)\n  dense(1)\n  loss: mse\n  optimizer: sgd(rate: 0.1)\n}\ntrain { lr: 0.1; optimizer: sgd(rate: 0.1); steps: 2 }\n",
    ),
    (
        "python-signs",
        "// a network\nparam deep = True\nparam width = 2 ** 3\nparam rate = .5\ndata { source: csv('there.csv', header: False) }\nnetwork n {\n  input(2)\n  dense(if deep && width > 4 then width else 2)\n  dense(1)\n  loss: mse\n}\n",
        "# a network\nparam deep = true\nparam width = 2 ^ 3\nparam rate = 0.5\ndata { source: csv(\"there.csv\", header: false) }\nnetwork n {\n  input(2)\n  dense(if deep and width > 4 then width else 2)\n  dense(1)\n  loss: mse\n}\n",
    ),
];

fn drawn(text: &str) -> String {
    let checked =
        pipeline::check("habit.net", text.to_owned(), &Options { memory_limit: 4 << 30, ..Options::default() });
    let diagnostics = checked.diagnostics.iter();
    diagnostics.map(|diagnostic| render(diagnostic, &checked.sources, false)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_habit_is_told_in_its_own_terms() {
    let pictures: Vec<(String, String)> =
        HABITS.iter().map(|(name, text, _)| ((*name).to_owned(), format!("{text}\n{}", drawn(text)))).collect();
    snapshot_folder("habits", &pictures);
}

#[test]
fn every_habit_is_mended_where_there_is_no_doubt() {
    for (name, text, wanted) in HABITS {
        let finished = finish_with_input(&["check", "--fix", "-"], text.as_bytes());
        assert_eq!(finished.stdout, *wanted, "{name}\n{}", finished.stderr);
        let again = finish_with_input(&["check", "--fix", "-"], wanted.as_bytes());
        assert_eq!(again.stdout, *wanted, "{name}: nothing is left to mend");
    }
}

#[test]
fn a_file_is_mended_in_place_and_what_changed_is_said() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("a.net");
    std::fs::write(&path, "network n {\n  input(2)\n  Dense(3, activation=\"tanh\")\n  dense(1)\n  loss = mse\n}\n")
        .expect("a file can be written");
    let name = path.to_str().expect("a UTF-8 path");
    let finished = finish(&["check", "--fix", name]).with_status(0);
    let mended = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(mended, "network n {\n  input(2)\n  dense(3, tanh)\n  dense(1)\n  loss: mse\n}\n");
    assert!(finished.stderr.contains("a.net:3: "), "{}", finished.stderr);
    assert!(finished.stdout.contains("dense1"), "{}", finished.stdout);
    let again = finish(&["check", "--fix", name]).with_status(0);
    assert_eq!(again.stderr, "");
}

#[test]
fn what_cannot_be_mended_is_left_and_told() {
    let text = "network n {\n  input(2)\n  dnse(3)\n  dense(1\n}\n";
    let finished = finish_with_input(&["check", "--fix", "-"], text.as_bytes()).with_status(2);
    assert_eq!(finished.stdout, text);
    assert!(finished.stderr.contains("E0102") && finished.stderr.contains("E0201"), "{}", finished.stderr);
}
