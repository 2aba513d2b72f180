package postgres

import (
	"os/exec"
	"syscall"
)

// tie makes a command run as another user, unless the numbers are negative, and end when
// the thread that starts it ends.
func tie(cmd *exec.Cmd, uid, gid int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if uid >= 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}
