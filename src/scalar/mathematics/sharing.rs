//! What functions of one argument have in common is computed once.

use super::exponential::{Decay, Hyperbolic};
use super::trigonometric::Reduced;
use crate::scalar::arithmetic::Arithmetic;
use crate::scalar::{Unary, ValueId};

/// The parts computed so far for the arguments of one function, by the argument's place. Clear it between points.
pub struct Sharing<A: Arithmetic> {
    decays: Vec<(ValueId, Decay<A>)>,
    hyperbolics: Vec<(ValueId, Hyperbolic<A>)>,
    reductions: Vec<(ValueId, Reduced<A>)>,
}

impl<A: Arithmetic> Default for Sharing<A> {
    fn default() -> Self {
        Self { decays: Vec::new(), hyperbolics: Vec::new(), reductions: Vec::new() }
    }
}

impl<A: Arithmetic> Sharing<A> {
    /// Forgets all parts.
    pub fn clear(&mut self) {
        self.decays.clear();
        self.hyperbolics.clear();
        self.reductions.clear();
    }

    /// The value of a function of one number whose argument stands at `place`: the bits of `unary`.
    pub fn unary(&mut self, a: &mut A, op: Unary, place: ValueId, x: A::Float) -> A::Float {
        match op {
            Unary::Sigmoid => self.decay(a, place, x).sigmoid(a, x),
            Unary::SigmoidDerivative => self.decay(a, place, x).sigmoid_derivative(a),
            Unary::Softplus => self.decay(a, place, x).softplus(a, x),
            Unary::HyperbolicTangent => self.hyperbolic(a, place, x).tangent(a, x),
            Unary::HyperbolicTangentDerivative => self.hyperbolic(a, place, x).derivative(a),
            Unary::Sine => self.reduced(a, place, x).sine(a, x),
            Unary::Cosine => self.reduced(a, place, x).cosine(a, x),
            Unary::Tangent => self.reduced(a, place, x).tangent(a, x),
            Unary::Negate
            | Unary::Absolute
            | Unary::Sign
            | Unary::SquareRoot
            | Unary::Exponential
            | Unary::ExponentialMinusOne
            | Unary::Logarithm
            | Unary::LogarithmOnePlus
            | Unary::ErrorFunction
            | Unary::ErrorFunctionComplement
            | Unary::Floor
            | Unary::Ceiling
            | Unary::Round => super::unary(a, op, x),
        }
    }

    fn decay(&mut self, a: &mut A, place: ValueId, x: A::Float) -> Decay<A> {
        shared(&mut self.decays, place, || Decay::of(a, x))
    }

    fn hyperbolic(&mut self, a: &mut A, place: ValueId, x: A::Float) -> Hyperbolic<A> {
        shared(&mut self.hyperbolics, place, || Hyperbolic::of(a, x))
    }

    fn reduced(&mut self, a: &mut A, place: ValueId, x: A::Float) -> Reduced<A> {
        shared(&mut self.reductions, place, || Reduced::of(a, x))
    }
}

fn shared<P: Copy>(known: &mut Vec<(ValueId, P)>, place: ValueId, make: impl FnOnce() -> P) -> P {
    if let Some((_, parts)) = known.iter().find(|(at, _)| *at == place) {
        return *parts;
    }
    let parts = make();
    known.push((place, parts));
    parts
}
