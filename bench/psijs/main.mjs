// The peer psi.js: OpenMined's Diffie-Hellman intersection on P-256, compiled to
// WebAssembly. It reads an order as a line of JSON from standard input and writes
// an answer, as bench/peer.go says. Client and server are both here; what they
// would send is serialized and read again.
import { createInterface } from 'node:readline'
import PSI from '@openmined/psi.js'

const line = await new Promise((done) => createInterface({ input: process.stdin }).once('line', done))
const { n, m } = JSON.parse(line).job.psi
const common = Math.floor((Math.min(n, m) + 1) / 2)

// Items are 16 bytes in hexadecimal, since the library takes strings; the first
// ones of both sides are equal.
const item = (side, i) => (i < common ? 'c' : side) + i.toString(16).padStart(31, '0')
const receiver = Array.from({ length: n }, (_, i) => item('r', i))
const sender = Array.from({ length: m }, (_, i) => item('s', i))

const psi = await PSI()
const before = process.cpuUsage()
const start = process.hrtime.bigint()
const server = psi.server.createWithNewKey(true)
const client = psi.client.createWithNewKey(true)
// Setup of all elements as they are, so that the result is exact.
const setup = server.createSetupMessage(1e-9, n, sender, psi.dataStructure.Raw).serializeBinary()
const request = client.createRequest(receiver).serializeBinary()
const response = server.processRequest(psi.request.deserializeBinary(request)).serializeBinary()
const rows = client.getIntersection(psi.serverSetup.deserializeBinary(setup), psi.response.deserializeBinary(response))
const wall = Number(process.hrtime.bigint() - start) / 1e9
const cpu = process.cpuUsage(before)

const right = rows.every((row) => row < common)
const party = (side, sent, received) => ({
	side, prepare_seconds: 0, wall_seconds: wall, sent, received, delays: 2, phases: [{ name: 'all', seconds: wall }],
})
const down = setup.length + response.length
console.log(JSON.stringify({
	common: right ? rows.length : -1,
	process: {
		cpu_seconds: (cpu.user + cpu.system) / 1e6,
		peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
		parties: [party('receiver', request.length, down), party('sender', down, request.length)],
	},
}))
process.exit(0)
