import { chromium } from 'playwright-core'
import { readdirSync, readFileSync } from 'node:fs'
const [dir, pattern, outp, cols] = process.argv.slice(2)
const names = readdirSync(dir).filter((n) => new RegExp(pattern).test(n)).sort()
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu'] })
const p = await b.newPage({ viewport: { width: Number(cols) * 400, height: 800 } })
await p.setContent(`<body style="margin:0;background:#c0c;display:grid;gap:8px;grid-template-columns:repeat(${cols},max-content)">` + names.map((n) => `<figure style="margin:0;color:#fff;font:14px sans-serif">${n}<br><img src="data:image/png;base64,${readFileSync(dir + '/' + n).toString('base64')}"></figure>`).join(''))
await p.screenshot({ path: outp, fullPage: true }); await b.close(); console.log(names.length)
