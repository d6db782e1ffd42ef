//! Expectations over a standard normal Z, by Gauss and Kronrod's rule of 7 and 15 points on panels that end at the kinks of what
//! is integrated: a rule of polynomials is wrong across a corner, and exact to rounding between corners.

use super::mathematics::exp;

/// The integral runs over so many standard deviations; what lies beyond weighs 1e-23.
pub const WIDEST: f64 = 10.0;
/// The panels it starts with.
const PANELS: usize = 16;
/// A panel is halved at most so often: at a jump that no kink tells of, this bounds the error.
const HALVINGS: usize = 30;
/// The panels of one integral, at most: what swings faster is taken at so many points.
const MOST_PANELS: usize = 1 << 12;
/// Where the two rules agree so far, the better of them is exact to twelve digits.
const AGREEMENT: f64 = 1e-8;
/// What the outermost panels, or those that never settled, may hold of an integral that there is.
const TAIL: f64 = 1e-7;

/// Nodes of the rule of 15 on −1..1, the positive ones and 0; every second one, from the second on, is of the rule of 7.
const NODES: [f64; 8] = [
    0.991_455_371_120_812_6,
    0.949_107_912_342_758_5,
    0.864_864_423_359_769_1,
    0.741_531_185_599_394_4,
    0.586_087_235_467_691_1,
    0.405_845_151_377_397_2,
    0.207_784_955_007_898_47,
    0.0,
];
/// Their weights in the rule of 15.
const KRONROD: [f64; 8] = [
    0.022_935_322_010_529_224,
    0.063_092_092_629_978_55,
    0.104_790_010_322_250_18,
    0.140_653_259_715_525_92,
    0.169_004_726_639_267_9,
    0.190_350_578_064_785_4,
    0.204_432_940_075_298_9,
    0.209_482_141_084_727_83,
];
/// Their weights in the rule of 7.
const GAUSS: [f64; 4] =
    [0.129_484_966_168_869_7, 0.279_705_391_489_276_64, 0.381_830_050_505_118_93, 0.417_959_183_673_469_4];

/// A stretch with its integral by both rules.
struct Panel {
    left: f64,
    width: f64,
    fine: f64,
    coarse: f64,
    halvings: usize,
}

/// E[f(Z)], Z ~ N(0, 1), for an f that is smooth between `kinks` (in any order). Infinite where there is none, or where no sample
/// would come near it: what weighs lies beyond ten standard deviations, or at a pole.
#[must_use]
pub fn expectation(kinks: impl IntoIterator<Item = f64>, mut f: impl FnMut(f64) -> f64) -> f64 {
    let step = 2.0 * WIDEST / PANELS as f64;
    let mut edges: Vec<f64> = (0..=PANELS).map(|edge| -WIDEST + step * edge as f64).collect();
    edges.extend(kinks.into_iter().filter(|kink| kink.abs() < WIDEST));
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let mut panel = |left: f64, width: f64, halvings: usize| {
        let (middle, half) = (left + 0.5 * width, 0.5 * width);
        let mut weighed = |z: f64| f(z) * exp(-0.5 * z * z);
        let (mut fine, mut coarse) = (0.0, 0.0);
        for (at, node) in NODES.iter().enumerate() {
            let value = if *node == 0.0 {
                weighed(middle)
            } else {
                weighed(middle - half * node) + weighed(middle + half * node)
            };
            fine += KRONROD[at] * value;
            if at % 2 == 1 {
                coarse += GAUSS[at / 2] * value;
            }
        }
        Panel { left, width, fine: fine * half, coarse: coarse * half, halvings }
    };
    let mut open: Vec<Panel> = edges.windows(2).map(|ends| panel(ends[0], ends[1] - ends[0], 0)).collect();
    let size: f64 = open.iter().map(|panel| panel.fine.abs()).sum();
    if !size.is_finite() {
        return f64::INFINITY;
    }
    let tail = open[0].fine.abs() + open[open.len() - 1].fine.abs();
    let (mut sum, mut panels, mut unsettled) = (0.0, open.len(), 0.0);
    open.reverse();
    while let Some(Panel { left, width, fine, coarse, halvings }) = open.pop() {
        let gap = (fine - coarse).abs();
        let settled = gap <= AGREEMENT * size;
        if settled || halvings == HALVINGS || panels >= MOST_PANELS {
            sum += fine;
            unsettled += if settled { 0.0 } else { gap };
            continue;
        }
        panels += 2;
        open.push(panel(left + 0.5 * width, 0.5 * width, halvings + 1));
        open.push(panel(left, 0.5 * width, halvings + 1));
    }
    let is_there = sum.is_finite() && tail <= TAIL * size && unsettled <= 1e3 * TAIL * size;
    if is_there { sum / (2.0 * std::f64::consts::PI).sqrt() } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::expectation;

    #[track_caller]
    fn assert_near(value: f64, truth: f64) {
        assert!((value - truth).abs() <= 1e-13 * truth.abs().max(1.0), "{value} is not {truth}");
    }

    #[test]
    fn moments_of_the_normal_distribution_are_exact() {
        for (power, truth) in [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (8, 105.0)] {
            assert_near(expectation([], |z| (0..power).fold(1.0, |product, _| product * z)), truth);
        }
    }

    #[test]
    fn a_jump_at_a_kink_costs_no_digit() {
        // P(Z > 0.3)
        assert_near(expectation([0.3], |z| f64::from(z > 0.3)), 0.382_088_577_811_047_4);
    }

    #[test]
    fn what_has_no_expectation_is_infinite() {
        assert_eq!(expectation([], |z| libm::exp(z * z)), f64::INFINITY);
        assert_eq!(expectation([0.0], |z| 1.0 / (z * z)), f64::INFINITY);
    }
}
