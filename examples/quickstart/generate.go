//go:build ignore

// This program makes the two tables of the example. The persons are fictional:
// their ID numbers begin with 99, which is no province, and are otherwise well
// formed, so that check digits and dates can be seen to be checked. The dirt is
// that of real files:
//
//   - clinic.csv is UTF-8 with a byte order mark and CRLF. Some ID numbers have
//     a lower-case x, spaces or full-width digits; one is missing, one has a wrong
//     check digit, one a day that does not exist; one patient stands in it twice.
//   - insurer.csv is GB 18030, with other column names in another order and spaces
//     behind the commas. One ID number is missing, one is short by a digit.
package main

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/width"
)

type person struct{ name, id string }

func main() {
	random := rand.New(rand.NewPCG(2270, 1))
	pick := func(from string) string {
		runes := []rune(from)
		return string(runes[random.IntN(len(runes))])
	}
	people := make([]person, 70)
	for i := range people {
		p := &people[i]
		p.name = pick("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高") + pick("伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂") + pick("英华玉文建国春红梅兰 ")
		p.name = strings.TrimSpace(p.name)
		p.id = withCheck(fmt.Sprintf("99%04d%d%02d%02d%03d", random.IntN(9000)+1000,
			1940+random.IntN(70), 1+random.IntN(12), 1+random.IntN(28), random.IntN(1000)))
	}

	// Of 70 people 40 are patients and 50 are insured, 20 are both.
	var clinic strings.Builder
	clinic.WriteString("\uFEFF姓名,身份证号,科室,就诊日期\r\n")
	wards := []string{"内科", "外科", "儿科", "眼科", "\"康复科, 二部\""}
	visit := func(name, id string) {
		fmt.Fprintf(&clinic, "%s,%s,%s,2026-%02d-%02d\r\n", name, id, wards[random.IntN(len(wards))], 1+random.IntN(10), 1+random.IntN(28))
	}
	for i, p := range people[:40] {
		switch id := p.id; {
		case i%9 == 4:
			visit(p.name, width.Widen.String(id))
		case i%9 == 7:
			visit(p.name, id[:6]+" "+id[6:14]+" "+id[14:])
		default:
			visit(p.name, strings.ToLower(id))
		}
	}
	visit(people[25].name, people[25].id) // a second visit
	visit("无名氏", "")
	visit(people[41].name, wrongCheck(people[41].id))
	visit(people[42].name, withCheck(people[42].id[:10]+"0230"+people[42].id[14:17]))

	var insurer strings.Builder
	insurer.WriteString("保单号, 证件号码, 被保险人, 年缴保费\n")
	for i, p := range people[20:] {
		fmt.Fprintf(&insurer, "P%06d, %s, %s, %d\n", 100_000+random.IntN(900_000), p.id, p.name, 100*(5+random.IntN(40)))
		if i == 10 {
			fmt.Fprintf(&insurer, "P%06d, , %s, 900\n", 100_000+random.IntN(900_000), p.name)
		}
		if i == 30 {
			fmt.Fprintf(&insurer, "P%06d, %s, %s, 1200\n", 100_000+random.IntN(900_000), p.id[:17], p.name)
		}
	}
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(insurer.String())
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range map[string]string{"clinic.csv": clinic.String(), "insurer.csv": encoded} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// withCheck appends the check digit of GB 11643 to 17 digits.
func withCheck(digits string) string {
	sum := 0
	for i, d := range digits {
		weight := 1 << (17 - i) % 11
		sum += int(d-'0') * weight
	}
	return digits + "10X98765432"[sum%11:sum%11+1]
}

func wrongCheck(id string) string {
	if id[17] == '0' {
		return id[:17] + "1"
	}
	return id[:17] + "0"
}
