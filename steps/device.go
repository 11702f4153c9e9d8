package steps

import (
	"fmt"
	"strconv"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// deviceSteps are about the till as a machine: what it fetches from its host, and what it tells of itself.
func deviceSteps() []Step {
	return []Step{
		{Name: "tests-line", En: `the cashier tests the line at {till}`, Zh: `收银员在 {till} 测试线路`,
			Example: `When the cashier tests the line at "T1"`, ExampleZh: `当 收银员在 "T1" 测试线路`,
			Is: "Presses the line test key.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Echo})
			})},
		{Name: "host-publishes", En: `the host has new (CA keys|chip applications|contactless limits)`, Zh: `主机有新的(公钥|芯片应用参数|非接触限额)`,
			Example: `Given the host has new CA keys`, ExampleZh: `假如 主机有新的公钥`,
			Is: "The next edition: fixtures/capk/next.yaml, fixtures/aids/next.yaml, or a no-PIN limit of 1000.00. Answers ask tills to fetch it.",
			do: func(s *scenario, a args) error {
				return s.world.Arrange(rig.Arrangement{Party: "acquirer", Publish: kindsOfData[a.at(0)]})
			}},
		{Name: "host-has-parameters", En: `the host has new parameters for {till}`, Zh: `主机为 {till} 准备了新参数`, Table: true,
			Example: `Given the host has new parameters for "T1"`, ExampleZh: `假如 主机为 "T1" 准备了新参数`,
			Is: "Parameter and value: timeout (seconds), retries, tips and manual entry (0 or 1), merchant name. The others stay.", do: hostParameters},
		{Name: "host-requires-version", En: `the host requires software version {text} of {till}`, Zh: `主机要求 {till} 的软件版本为 {text}`, Order: []int{1, 0},
			Example: `Given the host requires software version "32320000" of "T1"`, ExampleZh: `假如 主机要求 "T1" 的软件版本为 "32320000"`,
			Is: "An older one may not trade; the till's parameters bring the new one.", do: func(s *scenario, a args) error {
				return arrangeTill(s, a.at(1), rig.Arrangement{MinVersion: a.at(0)})
			}},
		{Name: "host-asks-status", En: `the host asks {till} for its status`, Zh: `主机要求 {till} 上送状态`,
			Example: `Given the host asks "T1" for its status`, ExampleZh: `假如 主机要求 "T1" 上送状态`,
			Is: "The next answer to that till carries processing request 2 in its header.", do: onHostTill(rig.Arrangement{Status: rig.StatusAskStatus})},
		{Name: "device-state", En: `the (keyboard|PIN pad|reader|printer|display) of {till} (fails|works again)`, Zh: `{till} 的(键盘|密码键盘|读卡器|打印机|显示屏)(故障|已恢复)`, Order: []int{1, 0, 2},
			Example: `Given the reader of "T1" fails`, ExampleZh: `假如 "T1" 的读卡器故障`,
			Is: "The till's own test of that part says so.", do: atTill(1, deviceState)},
		{Name: "line-spoils-key", En: `the line spoils the CA key in {message}`, Zh: `线路破坏{message}中的公钥`,
			Example: `Given the line spoils the CA key in the answer to the 2nd capk-download`, ExampleZh: `假如 线路破坏第 2 次公钥下载的应答中的公钥`,
			Is: "One bit of its modulus is flipped; there is no MAC to tell.", do: spoil(func(args) ([]fault.Fault, error) {
				return []fault.Fault{{Kind: fault.Change, Edit: spoilKey}}, nil
			})},
		{Name: "till-holds", En: `{till} holds {count} (CA key|chip application)s?`, Zh: `{till} 有 {count} 个(公钥|芯片应用)`,
			Example: `And "T1" holds 2 CA keys`, ExampleZh: `并且 "T1" 有 2 个公钥`,
			Is: "What the till works with, not what it is fetching.", do: onTill(tillHolds)},
		{Name: "floor-limit", En: `the floor limit of {till} for UnionPay debit is {amount}`, Zh: `{till} 的银联借记最低限额为 {amount}`,
			Example: `And the floor limit of "T1" for UnionPay debit is 100.00 CNY`, ExampleZh: `并且 "T1" 的银联借记最低限额为 100.00 元`,
			Is: "Tag 9F1B of application A000000333010101 in what the till works with.", do: onTill(floorLimit)},
		{Name: "till-runs-version", En: `{till} runs software version {text}`, Zh: `{till} 运行的软件版本为 {text}`,
			Example: `And "T1" runs software version "32320000"`, ExampleZh: `并且 "T1" 运行的软件版本为 "32320000"`,
			Is: "What its messages say in header nibbles 3, 4 and 7 to 12 since its last start.", do: onTill(func(_ *scenario, t *rig.Till, a args) error {
				return equal(t.Name+" version", a.at(1), t.Status().Version)
			})},
		{Name: "host-knows-device", En: `the host knows that the (keyboard|PIN pad|reader|printer|display) of {till} (does not work|works)`,
			Zh: `主机知道 {till} 的(键盘|密码键盘|读卡器|打印机|显示屏)(不能工作|正常)`, Order: []int{1, 0, 2},
			Example: `And the host knows that the printer of "T1" does not work`, ExampleZh: `并且 主机知道 "T1" 的打印机不能工作`,
			Is: "What the till's last status upload said.", do: atTill(1, hostKnowsDevice)},
	}
}

// signatureSteps are about signing on the till.
func signatureSteps() []Step {
	return []Step{
		{Name: "signature-pad", En: `{till} has a signature pad`, Zh: `{till} 配有签名板`,
			Example: `Given "T1" has a signature pad`, ExampleZh: `假如 "T1" 配有签名板`,
			Is: "Cardholders who are there sign on it. Comes before the sign-in.", do: onTill(func(_ *scenario, t *rig.Till, _ args) error {
				return t.Rewire(func(c *terminal.Config) { c.SignaturePad = true })
			})},
		{Name: "signs", En: `{who} signs at {till}(?: with a picture of {count} bytes)?`, Zh: `{who}在 {till} 签名(?:，图像 {count} 字节)?`, Order: []int{0, 1, 2},
			Example: `When Bob signs at "T1" with a picture of 1200 bytes`, ExampleZh: `当 小波在 "T1" 签名，图像 1200 字节`,
			Is: "On the pad, when the till asks for it; 300 bytes if nothing is said.", do: atTill(1, func(_ *scenario, t *rig.Till, a args) error {
				size := 300
				if a.at(2) != "" {
					var err error
					if size, err = strconv.Atoi(a.at(2)); err != nil {
						return err
					}
				}
				return t.Sign(a.at(0), size)
			})},
		{Name: "does-not-sign", En: `{who} does not sign at {till}`, Zh: `{who}在 {till} 拒绝签名`,
			Example: `When Bob does not sign at "T1"`, ExampleZh: `当 小波在 "T1" 拒绝签名`,
			Is: "Leaves the pad empty.", do: atTill(1, func(_ *scenario, t *rig.Till, a args) error { return t.Sign(a.at(0), 0) })},
		{Name: "host-holds-signature", En: `the host holds {who}'s signature under {message}`, Zh: `主机存有{who}在{message}下的签名`,
			Example: `And the host holds Bob's signature under the 1st sale`, ExampleZh: `并且 主机存有小波在第 1 笔消费下的签名`,
			Is: "The picture that was signed last, byte for byte, whole.", do: hostHoldsSignature},
		{Name: "host-holds-no-signature", En: `the host holds no signature under {message}`, Zh: `主机没有{message}下的签名`,
			Example: `And the host holds no signature under the 1st sale`, ExampleZh: `并且 主机没有第 1 笔消费下的签名`,
			Is: "None that is whole.", do: func(s *scenario, a args) error { return holdsSignature(s, a.at(0), "", "none") }},
		{Name: "holds-no-card", En: `{message} does not hold {who}'s card number`, Zh: `{message}不含{who}的卡号`,
			Example: `And the 1st e-signature does not hold Bob's card number`, ExampleZh: `并且 第 1 次电子签名不含小波的卡号`,
			Is: "In any form, in the message's bytes.", do: holdsNoCard},
	}
}

var kindsOfData = map[string]string{"CA keys": "capks", "chip applications": "aids", "contactless limits": "contactless"}

// parameterTags are the parameters that features name, in both languages.
var parameterTags = map[string]string{"timeout": iso8583.Parameter12Timeout, "retries": iso8583.Parameter13Retries, "tips": iso8583.Parameter18Tip,
	"manual entry": iso8583.Parameter20ManualKey, "merchant name": iso8583.Parameter90MerchantName,
	"超时": iso8583.Parameter12Timeout, "重试次数": iso8583.Parameter13Retries, "小费": iso8583.Parameter18Tip, "手工输入": iso8583.Parameter20ManualKey,
	"商户名称": iso8583.Parameter90MerchantName}

func hostParameters(s *scenario, a args) error {
	p := map[string]string{}
	for i := range a.table.Rows[1:] {
		row := cells(a.table, i+1)
		tag, ok := parameterTags[row[0]]
		if !ok {
			return fmt.Errorf("there is no parameter %q", row[0])
		}
		p[tag] = row[1]
	}
	return arrangeTill(s, a.at(0), rig.Arrangement{Parameters: p})
}

// arrangeTill arranges something about a till at the host.
func arrangeTill(s *scenario, till string, r rig.Arrangement) error {
	return onHostTill(r)(s, args{list: []string{till}})
}

func deviceState(_ *scenario, t *rig.Till, a args) error {
	kind := terminal.DeviceFails
	if a.at(2) == "works again" {
		kind = terminal.DeviceWorks
	}
	return t.Do(terminal.Event{Kind: kind, Device: terminal.Device(a.at(0))})
}

// spoilKey flips a bit of the modulus in the answer to a key's download.
func spoilKey(m *iso8583.Message) error {
	set, found, err := iso8583.ParseDownloaded(m.Get(iso8583.Parameters))
	if err != nil || !found {
		return fmt.Errorf("there is no key in it: %w", err)
	}
	k, err := iso8583.ParseCAPK(set)
	if err != nil {
		return err
	}
	k.Modulus[1] ^= 1
	m.Set(iso8583.Parameters, iso8583.Downloaded(k.TLV()))
	return nil
}

func tillHolds(_ *scenario, t *rig.Till, a args) error {
	n := len(t.Holds().AIDs)
	if a.at(2) == "CA key" {
		n = len(t.Holds().CAPKs)
	}
	return equal(t.Name+" "+a.at(2), a.at(1), strconv.Itoa(n))
}

func floorLimit(_ *scenario, t *rig.Till, a args) error {
	for _, aid := range t.Holds().AIDs {
		if fmt.Sprintf("%X", aid.AID) == "A000000333010101" {
			v := aid.Values[0x9F1B]
			return equal(t.Name+" floor limit", a.at(1), fmt.Sprintf("%d.%02d CNY", number(v)/100, number(v)%100))
		}
	}
	return failed(t.Name, "UnionPay debit", "no such application")
}

// number reads a binary number.
func number(b []byte) (n int) {
	for _, x := range b {
		n = n<<8 | int(x)
	}
	return n
}

// deviceTags are the devices of a status upload.
var deviceTags = map[string]string{"keyboard": iso8583.Parameter01Keyboard, "PIN pad": iso8583.Parameter02PINPad, "reader": iso8583.Parameter03Reader,
	"printer": iso8583.Parameter04Printer, "display": iso8583.Parameter05Display}

func hostKnowsDevice(_ *scenario, t *rig.Till, a args) error {
	state, err := t.AtHost()
	if err != nil {
		return err
	}
	words := map[string]string{"0": "works", "1": "does not work", "": "nothing"}
	return equal("host, "+a.at(0)+" of "+t.Name, a.at(2), words[state.Devices[deviceTags[a.at(0)]]])
}

func hostHoldsSignature(s *scenario, a args) error {
	return holdsSignature(s, a.at(1), a.at(0), "signed")
}

func holdsSignature(s *scenario, message, who, wanted string) error {
	c, err := s.crossing(message)
	if err != nil {
		return err
	}
	got, err := s.world.Signed(c, who)
	if err != nil {
		return err
	}
	return equal("host, signature under "+message, wanted, got)
}

func holdsNoCard(s *scenario, a args) error {
	c, err := s.crossing(a.at(0))
	if err != nil {
		return err
	}
	secrets, err := s.world.CardSecrets(a.at(1))
	if err != nil {
		return err
	}
	finder, err := leak.New(secrets[:1]...)
	if err != nil {
		return err
	}
	for _, hit := range finder.Find(a.at(0), c.Frame) {
		return failed("wire, "+a.at(0), "no card number", hit.String())
	}
	return nil
}
