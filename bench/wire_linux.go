package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// A wire is a network for measured processes that the kernel takes for a real one. Each
// has a network namespace of its own, a site, with a TUN device as its only way out, and
// this program carries packets between these devices, as slowly as the link's shape says.
// So TCP does what it does on a long line: it starts slowly, waits for round trips, and
// gives way when a queue is full. Netem would do the same, in kernels that have it.
//
// The sites are those of processes and of threads of this program, and end with them.
type wire struct {
	sites   []*site
	links   []*shaper
	timers  []sleeper
	running sync.WaitGroup
}

// A site is a network namespace, and the thread that is in it.
type site struct {
	address netip.Addr
	tun     *os.File
	calls   chan func() // for the thread
}

// newWire returns one between so many sites. It takes the rights of root.
func newWire(sites int, s shape) (*wire, error) {
	w := &wire{}
	for i := range sites {
		site, err := newSite(i, mtuOf(s))
		if err != nil {
			w.close()
			return nil, fmt.Errorf("making a network namespace: %w", err)
		}
		w.sites = append(w.sites, site)
	}
	for _, from := range w.sites {
		links := make([]*shaper, sites)
		for i, to := range w.sites {
			timer := newSleeper()
			links[i] = newShaper(to.tun, s, timer.sleep)
			w.timers = append(w.timers, timer)
		}
		w.links = append(w.links, links...)
		w.running.Go(func() { from.carry(links) })
	}
	return w, nil
}

// mtuOf returns how long packets are: those of Ethernet, and on fast links its jumbo
// frames, as data centres have them.
func mtuOf(s shape) uint32 {
	if s.rate > 2e8 {
		return 9000
	}
	return 1500
}

// close ends the wire, whatever is still on the way.
func (w *wire) close() {
	for _, s := range w.sites {
		s.tun.Close()
		close(s.calls)
	}
	for _, t := range w.timers {
		t.wake()
	}
	w.running.Wait()
	for i, link := range w.links {
		link.Close()
		w.timers[i].close()
	}
}

// newSite returns the site of a side.
func newSite(side int, mtu uint32) (*site, error) {
	s := &site{address: siteAddress(side), calls: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: a thread that has gone elsewhere is of no use to others
		err := s.enter(mtu)
		ready <- err
		if err != nil {
			return
		}
		for f := range s.calls {
			f()
		}
	}()
	return s, <-ready
}

// siteAddress is the address of a side: one of those that are for benchmarks [RFC 2544,
// appendix C.2.2].
func siteAddress(side int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, 0, byte(side + 1)}) }

// tcpMemory are the least, first and largest buffers of a connection. The largest holds
// what is on the way on the longest of our links, several times.
const tcpMemory = "4096 131072 67108864"

// enter takes the calling thread to a new namespace, and makes its device.
func (s *site) enter(mtu uint32) error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	for _, file := range []string{"tcp_rmem", "tcp_wmem"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+file, []byte(tcpMemory), 0); err != nil {
			return err
		}
	}
	const device = "wire"
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/net/tun: %w", err)
	}
	if err := configure(fd, unix.TUNSETIFF, device, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return nil
	}); err != nil {
		unix.Close(fd)
		return err
	}
	s.tun = os.NewFile(uintptr(fd), "tun") // polled, as it is not blocking
	if err := s.address4(device, mtu); err != nil {
		s.tun.Close()
		return err
	}
	return nil
}

// address4 gives the device its address, in a network of all sites, and turns it on.
func (s *site) address4(device string, mtu uint32) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	return errors.Join(
		configure(socket, unix.SIOCSIFADDR, device, func(r *unix.Ifreq) error { return r.SetInet4Addr(s.address.AsSlice()) }),
		configure(socket, unix.SIOCSIFNETMASK, device, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 255, 0}) }),
		configure(socket, unix.SIOCSIFMTU, device, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }),
		configure(socket, unix.SIOCSIFFLAGS, device, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }),
	)
}

// configure sets something of a network device.
func configure(fd int, request uint, device string, set func(*unix.Ifreq) error) error {
	r, err := unix.NewIfreq(device)
	if err == nil {
		err = set(r)
	}
	if err == nil {
		err = unix.IoctlIfreq(fd, request, r)
	}
	return err
}

// start starts a process at this site.
func (s *site) start(cmd *exec.Cmd) error {
	started := make(chan error)
	s.calls <- func() { started <- cmd.Start() } // whose child is where the thread is
	return <-started
}

// carry takes packets of this site to the links to others, until the device is gone.
func (s *site) carry(links []*shaper) {
	packet := make([]byte, 1<<16)
	for {
		n, err := s.tun.Read(packet)
		if err != nil {
			return
		}
		if side, ok := destination(packet[:n]); ok && side < len(links) {
			links[side].Write(packet[:n]) // a link that has ended carries nothing
		}
	}
}

// destination returns the side to whose address an IPv4 packet goes.
func destination(packet []byte) (side int, ok bool) {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return 0, false
	}
	to := netip.AddrFrom4([4]byte(packet[16:20]))
	side = int(packet[19]) - 1
	return side, side >= 0 && to == siteAddress(side)
}
