" Vim syntax of gradc's .net files. Written by gradc's own tables: a test keeps it so.
if exists('b:current_syntax') | finish | endif
syntax case match
syntax iskeyword @,48-57,_

syntax keyword netKeyword if then else and or not as in at repeat
syntax keyword netConstant true false pi e inf first last none
syntax keyword netLayer add attention avg_pool batch_norm branch concat conv1d conv2d dense dropout embedding flatten global_avg_pool group_norm gru input last_step layer_norm lstm max_pool parallel positional reshape residual rms_norm rnn transpose
syntax keyword netLibrary abs accuracy adagrad adam adamw adding auto bias binary_cross_entropy ceil celu constant copy cos cosine cross_entropy csv dead elu erf exp exploding expm1 exponential file floor gaussian gelu gelu_tanh glorot_normal glorot_uniform gradient hard_sigmoid hard_swish hard_tanh he_normal he_uniform healthy hinge huber identity idx kaiming_normal kaiming_uniform leaky_relu lecun_normal lecun_uniform linear lion log log1p log_cosh log_softmax logistic loss mae max max_norm min mish moons mse nielsen norm normal npy npz ones orthogonal output parity poisson pow pre_activation pytorch quadratic range ratio relu relu6 rms rmsprop round safetensors saturated selu sgd sigmoid sign silu sin sine softmax softplus softsign sparse spirals sqrt step swish tan tanh teacher text truncated_normal underflow uniform value vanishing weight xavier_normal xavier_uniform xor zeros
syntax match netItem /^\s*\zs\<\%(language\|param\|activation\|loss\|init\|block\|network\|data\|train\|report\|sweep\|expect\)\>\ze\s*[^:=( ]/
syntax match netKey /\<\h\w*\ze\s*:/
syntax match netNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\=\%([eE][+-]\=\d\+\)\=\>/
syntax region netString start=/"/ skip=/\\./ end=/"/ oneline
syntax match netComment /#.*$/ contains=@Spell

highlight default link netItem Statement
highlight default link netKeyword Keyword
highlight default link netConstant Constant
highlight default link netLayer Type
highlight default link netLibrary Function
highlight default link netKey Identifier
highlight default link netNumber Number
highlight default link netString String
highlight default link netComment Comment

let b:current_syntax = 'net'
