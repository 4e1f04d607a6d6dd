complete --keep-order --exclusive --command visorctl --arguments "(COMPLETE=fish visorctl -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
