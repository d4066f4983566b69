"""Policy search: which n and m of RA(n, m) and Mix.RA(n, m) suit a data set, on its val split."""
