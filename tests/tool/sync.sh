# aio sync writes files and directories to the disk, and says which it could not.
source "$(dirname "$0")/lib.bash"

mkdir d
touch f {1..100}
mkfifo p
promise "a file" status 0 "$aio" sync f
promise "a directory" status 0 "$aio" sync d
promise "many" status 0 "$aio" sync {1..100} d f
promise "many with few descriptors" eval 'ulimit -n 32; status 0 "$aio" sync {1..100}'
promise "a missing one" complains '^aio sync: sync none: No such file or directory$' "$aio" sync none
promise "is an error" status 1 "$aio" sync f none d
promise "each is reported" prints 3 eval '"$aio" sync a b f c 2>&1 | wc -l'
promise "a FIFO is an error and not waited for" timeout 20 bash -c "'$aio' sync p; [[ \$? == 1 ]]"
promise "no operand is wrong usage" status 2 "$aio" sync
finish
