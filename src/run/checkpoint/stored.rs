//! Reports as bytes and back, to the last bit: numbers little-endian, what may be absent after a byte that tells, lists after their
//! length. What was stored by another hand is refused, never trusted: each taking checks that there is enough left.

use crate::arena::Id as _;
use crate::graph::LayerId;
use crate::run::record::{
    Forward, Held, Histogram, LayerRecord, Record, Statistics, ThroughTimeRecord, WeightRecord, Wide,
};

/// The decades that a histogram may span: those of f64 and more.
const MOST_DECADES: i32 = 1000;

/// What can be stored.
pub(super) trait Stored: Sized {
    /// Appends it.
    fn put(&self, bytes: &mut Vec<u8>);
    /// Takes it from the front; none where it does not stand there.
    fn take(bytes: &mut &[u8]) -> Option<Self>;
}

fn front<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}

impl Stored for u64 {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.to_le_bytes());
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        front(bytes).map(Self::from_le_bytes)
    }
}

impl Stored for f64 {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.to_bits().put(bytes);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        u64::take(bytes).map(Self::from_bits)
    }
}

impl Stored for bool {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        match front(bytes)? {
            [0] => Some(false),
            [1] => Some(true),
            [_] => None,
        }
    }
}

impl Stored for LayerId {
    fn put(&self, bytes: &mut Vec<u8>) {
        (self.index() as u64).put(bytes);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        u32::try_from(u64::take(bytes)?).ok().map(|index| Self::new(index as usize))
    }
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        self.is_some().put(bytes);
        if let Some(value) = self {
            value.put(bytes);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        Some(if bool::take(bytes)? { Some(T::take(bytes)?) } else { None })
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, bytes: &mut Vec<u8>) {
        (self.len() as u64).put(bytes);
        for value in self {
            value.put(bytes);
        }
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        // Nothing is reserved on the word of a length alone.
        (0..u64::take(bytes)?).map(|_| T::take(bytes)).collect()
    }
}

impl Stored for Histogram {
    fn put(&self, bytes: &mut Vec<u8>) {
        let Self { first_decade, counts } = self;
        f64::from(*first_decade).put(bytes);
        counts.put(bytes);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let first = f64::take(bytes)?;
        let counts = Vec::take(bytes)?;
        let is_decade = first.fract() == 0.0 && first.abs() < f64::from(MOST_DECADES);
        let fits = counts.len() < MOST_DECADES as usize;
        (is_decade && fits).then_some(Self { first_decade: first as i32, counts })
    }
}

impl Stored for ThroughTimeRecord {
    fn put(&self, bytes: &mut Vec<u8>) {
        let Self { output, memory, factors, recurrent, slope } = self;
        output.put(bytes);
        memory.put(bytes);
        factors.put(bytes);
        recurrent.put(bytes);
        slope.put(bytes);
    }

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let record = Self {
            output: Stored::take(bytes)?,
            memory: Stored::take(bytes)?,
            factors: Stored::take(bytes)?,
            recurrent: Stored::take(bytes)?,
            slope: Stored::take(bytes)?,
        };
        let steps = record.output.len();
        let agree =
            record.factors.len() + 1 == steps && record.memory.as_ref().is_none_or(|memory| memory.len() == steps);
        agree.then_some(record)
    }
}

/// A type whose fields are stored one after another, all of them.
macro_rules! stored {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$(
        impl Stored for $type {
            fn put(&self, bytes: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(bytes);)*
            }

            fn take(bytes: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Stored::take(bytes)?),* })
            }
        }
    )*};
}

stored! {
    Record { step, loss, accuracy, layers, input, test, rate }
    Held { loss, accuracy }
    WeightRecord { least, greatest, rms }
    LayerRecord {
        layer, weight, bias, gradient, pre_activation, output, input, forward, saturated_raw, saturated_normal, dead, slope_rms,
        slope_zero, attention_entropy, wide, update_ratio, weights, symmetric, through_time,
    }
    Wide { lost, zeros, l2 }
    Forward { rms, mean, nonfinite }
    Statistics {
        count, l2, rms, mean, max_abs, zero_fraction, subnormal_fraction, underflow_f16, underflow_bf16,
        underflow_f32, nonfinite, histogram,
    }
}

/// Reports as bytes.
pub(super) fn put(records: &Vec<Record>) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.put(&mut bytes);
    bytes
}

/// The reports that bytes hold; none where they hold something else, or more.
pub(super) fn take(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let records = Vec::take(&mut bytes)?;
    bytes.is_empty().then_some(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let statistics = Statistics {
            count: 3,
            l2: f64::NAN,
            rms: -0.0,
            mean: f64::INFINITY,
            max_abs: 5e-324,
            zero_fraction: 0.1,
            subnormal_fraction: 0.2,
            underflow_f16: 0.3,
            underflow_bf16: 0.4,
            underflow_f32: 0.05,
            nonfinite: 1,
            histogram: Histogram { first_decade: -45, counts: vec![1, 0, 2] },
        };
        let layer = LayerRecord {
            layer: LayerId::new(2),
            weight: None,
            bias: Some(statistics.clone()),
            gradient: None,
            pre_activation: statistics.clone(),
            output: statistics.clone(),
            input: 0.75,
            forward: Forward { rms: 1.0, mean: 2.0, nonfinite: 0 },
            saturated_raw: Some(0.5),
            saturated_normal: None,
            dead: Some(0.0),
            slope_rms: None,
            slope_zero: Some(0.5),
            attention_entropy: Some(0.5),
            wide: Some(Wide { lost: 0.25, zeros: 0.125, l2: 1e-300 }),
            update_ratio: None,
            weights: Some(WeightRecord { least: -1.0, greatest: 1.0, rms: 0.5 }),
            symmetric: true,
            through_time: Some(ThroughTimeRecord {
                output: vec![0.5, 1.0],
                memory: Some(vec![0.0, f64::NAN]),
                factors: vec![0.5],
                recurrent: Some(1.25),
                slope: None,
            }),
        };
        Record {
            step: 7,
            loss: 1.5,
            accuracy: Some(0.75),
            layers: vec![layer.clone(), layer],
            input: Some(statistics),
            test: Some(Held { loss: 2.5, accuracy: None }),
            rate: Some(0.1),
        }
    }

    #[test]
    fn reports_come_back_to_the_last_bit() {
        let records = vec![record(), Record { input: None, layers: Vec::new(), ..record() }];
        let bytes = put(&records);
        assert_eq!(put(&take(&bytes).unwrap()), bytes);
        // NaN is not equal to itself, but its picture is.
        assert_eq!(format!("{:?}", take(&bytes).unwrap()), format!("{records:?}"));
    }

    #[test]
    fn what_is_cut_goes_on_or_claims_too_much_is_refused() {
        let bytes = put(&vec![record()]);
        for end in 0..bytes.len() {
            assert!(take(&bytes[..end]).is_none(), "cut at {end}");
        }
        assert!(take(&[bytes.as_slice(), &[0]].concat()).is_none());
        let claim = [&u64::MAX.to_le_bytes(), &bytes[8..]].concat();
        assert!(take(&claim).is_none());
    }
}
