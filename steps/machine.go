package steps

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/rig"
)

// machineSteps are about the host's process, its disks and its clock.
func machineSteps() []Step {
	return []Step{
		{Name: "host-killed", En: `the host is killed and started again`, Zh: `主机进程被杀并重新启动`,
			Example: `When the host is killed and started again`, ExampleZh: `当 主机进程被杀并重新启动`,
			Is: "As by kill -9: what its journals do not hold is gone, and so are its connections. Needs @clock.",
			do: func(s *scenario, _ args) error { return s.world.KillHost() }},
		{Name: "host-dies", En: `the host dies on (receiving|answering) {message} and is back after {duration}`, Zh: `主机在(收到|应答){message}时崩溃，{duration}后恢复`,
			Example: `Given the host dies on answering the 1st sale and is back after 5 seconds`, ExampleZh: `假如 主机在应答第 1 笔消费时崩溃，5 秒后恢复`,
			Is: "Receiving: before anything is done with it. Answering: the decision is in the journal, the answer never leaves. Needs @clock.", do: hostDies},
		{Name: "host-dies-later", En: `the host dies {duration} after receiving {message} and is back after {duration}`, Zh: `主机收到{message}后 {duration}崩溃，{duration}后恢复`, Order: []int{1, 0, 2},
			Example: `Given the host dies 1 second after receiving the 1st sale and is back after 5 seconds`, ExampleZh: `假如 主机收到第 1 笔消费后 1 秒崩溃，5 秒后恢复`,
			Is: "Writes that its disks have not finished are discarded. Needs @clock.", do: hostDiesLater},
		{Name: "host-disk-slow", En: `every write of the (acquirer|issuer) takes {duration}`, Zh: `(收单行|发卡行)每次写盘耗时 {duration}`,
			Example: `Given every write of the issuer takes 2 seconds`, ExampleZh: `假如 发卡行每次写盘耗时 2 秒`,
			Is: "Its disk is slow: nothing is durable earlier.", do: diskSlow},
		{Name: "host-disk", En: `the disk of the (acquirer|issuer) (is full|has room again)`, Zh: `(收单行|发卡行)的磁盘(已满|又有空间)`,
			Example: `Given the disk of the acquirer is full`, ExampleZh: `假如 收单行的磁盘已满`,
			Is: "Full: no write finds room. Room again, and as fast as before: a party that has fallen silent has still to be started again.",
			do: func(s *scenario, a args) error {
				condition := map[string]string{"is full": rig.ConditionDiskFull, "has room again": rig.ConditionDiskRoom}[a.at(1)]
				return s.world.Arrange(rig.Arrangement{Party: a.at(0), Condition: condition})
			}},
		{Name: "host-clock", En: `the clock of the host jumps {duration} (ahead|back)`, Zh: `主机的时钟(快进|倒退) ?{duration}`, Order: []int{1, 0},
			Example: `When the clock of the host jumps 1 day back`, ExampleZh: `当 主机的时钟倒退 1 天`,
			Is: "From one moment to the next; the tills' clocks do not.", do: hostClock},
	}
}

// death reads what a host dies of, and how long it stays away.
func death(request, back string) (rig.Death, error) {
	m, err := parseMessage(request)
	if err != nil {
		return rig.Death{}, err
	}
	if m.answer || m.nth == 0 {
		return rig.Death{}, fmt.Errorf("the host dies of one request, not of %s", m)
	}
	d, err := time.ParseDuration(back)
	return rig.Death{Flow: m.flow, Nth: m.nth, Back: d}, err
}

func hostDies(s *scenario, a args) error {
	d, err := death(a.at(1), a.at(2))
	if err != nil {
		return err
	}
	d.Answering = a.at(0) == "answering"
	return s.world.HostDies(d)
}

func hostDiesLater(s *scenario, a args) error {
	d, err := death(a.at(1), a.at(2))
	if err != nil {
		return err
	}
	if d.After, err = time.ParseDuration(a.at(0)); err != nil {
		return err
	}
	return s.world.HostDies(d)
}

func diskSlow(s *scenario, a args) error {
	d, err := time.ParseDuration(a.at(1))
	if err != nil {
		return err
	}
	return s.world.Arrange(rig.Arrangement{Party: a.at(0), Condition: rig.ConditionDiskSlow, Delay: d})
}

func hostClock(s *scenario, a args) error {
	d, err := time.ParseDuration(a.at(0))
	if err != nil {
		return err
	}
	if a.at(1) == "back" {
		d = -d
	}
	return s.world.Arrange(rig.Arrangement{Party: "acquirer", Condition: rig.ConditionClockJump, Delay: d})
}
