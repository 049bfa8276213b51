\l
\l+
\du
\du+
\dg
\db
\drds
\dconfig search_path
