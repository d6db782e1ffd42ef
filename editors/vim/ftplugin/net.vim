setlocal commentstring=#\ %s comments=:# shiftwidth=2 expandtab
" gq and = write the one style.
setlocal formatprg=gradc\ fmt\ - equalprg=gradc\ fmt\ -
" :make lists mistakes.
setlocal makeprg=gradc\ check\ --color\ never\ %:S
