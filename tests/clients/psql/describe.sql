\d
\d+
\d fct_sales
\d+ fct_sales
\d main.*
\dS pg_class
\dt
\dt+
\dt *.*
\dn
\dn+
\dv
\dv+
\dm
\ds
\di
\di+
\dE
\df
\df+
\df date_trunc
\da sum
\dp
\z
\dT
\dTS numeric
\dc
\dcS
\dC
\dD
\dd
\ddp
\des
\det
\dew
\deu
\dx
\dx+
\dy
\dF
\dFd
\dFp
\dFt
\dL
\dL+
\do
\dO
\dA
\dAc
\dAf btree
\dAo btree integer_ops
\dAp btree integer_ops
\dP
\dX
\dl
\dRp
\dRs
\sf pg_catalog.age(timestamp)
\encoding
