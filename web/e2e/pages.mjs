// Every page that is visited, at its sizes. Pages of the desk are not listed: they are whatever each
// role finds in its sidebar, so a new section is visited from the day it exists.
import { DIALOGS } from './dialogs.mjs'
import { FIRST_TUBE } from './lib/activity.mjs'

export const LANGS = ['zh-CN', 'en']

export const PHONES = [
  [390, 844],
  [360, 640],
]
export const DESK_SIZE = [1440, 900]
/** Roles in this order; a page that two of them see is visited once. */
export const DESK_ROLES = [
  'headquarters',
  'administrator',
  'lab_entry',
  'lab_release',
  'site_lead',
  'grid_worker',
  'auditor',
]

/** Pages of the sidebar that show nothing until something is asked: what is asked, on a day under way. */
export const DESK_ASKS = {
  '#/exceptions': async (page) => {
    await page.click('.list .line')
    await page.waitForSelector('.one h2')
  },
  '#/trace': async (page) => {
    await page.fill('.ask input', FIRST_TUBE)
    await page.click('.ask button[type=submit]')
    await page.waitForSelector('.facts')
  },
}

/** A page with the dialog that a click opens. */
const dialogOf = (button) => ({
  ready: '.desk main h1',
  open: async (page) => {
    await page.click(button)
    await page.waitForSelector('.el-dialog:visible')
  },
})

const CSV = (phone) => {
  const row = (n) => `应采薇,E7000000${n},1390000000${phone},330784105200`
  return { name: 'register.csv', mimeType: 'text/csv', buffer: Buffer.from(`姓名,证件号码,手机号,村社区\n${row(1)}\n${row(2)}\n错一个,1,x,y\n`) }
}

/** Uploads a register from the list of imports; the page of its columns is open then. */
async function uploadRegister(page, phone) {
  await page.setInputFiles('main input[type=file]', CSV(phone))
  await page.waitForSelector('main .el-select')
}

/** Takes it in. */
async function takeRegisterIn(page) {
  await page.click('main .el-button--primary')
  await page.waitForSelector('main a.download')
}

/** Takes in the same people with other numbers: rows wait for a decision. */
async function parkOne(page) {
  await uploadRegister(page, 1)
  await takeRegisterIn(page)
  await page.goto('/desk/#/imports')
  await page.waitForSelector('main .drop')
  await uploadRegister(page, 2)
  await takeRegisterIn(page)
  await page.waitForSelector('main article.row')
}

/** `open` does what a person would do after the page has loaded. */
export const PAGES = [
  { name: 'landing', path: '/', sizes: [[1280, 860], PHONES[0]] },
  { name: 'desk-sign-in', path: '/desk/', sizes: [DESK_SIZE, PHONES[0]] },
  {
    name: 'board',
    path: '/board/',
    role: 'headquarters',
    sizes: [
      [1920, 1080],
      [3840, 2160],
    ],
    ready: '.screen .figures',
  },
  {
    name: 'board-rows',
    path: '/board/',
    role: 'headquarters',
    sizes: [[1920, 1080]],
    ready: '.screen .figures',
    open: async (page) => {
      await page.click('.stages li:nth-child(2) button')
      await page.waitForSelector('.drill table, .drill .none, .drill [role=alert]')
    },
  },
  { name: 'desk-setup', path: '/desk/#/setup?code=none', sizes: [DESK_SIZE, PHONES[0]], ready: '.door' },
  { name: 'desk-reset', path: '/desk/#/reset?code=none', sizes: [DESK_SIZE, PHONES[0]], ready: '.door' },
  { name: 'desk-dialog-account', path: '/desk/#/accounts', role: 'administrator', sizes: [DESK_SIZE], ...dialogOf('.page-head .el-button--primary') },
  { name: 'desk-dialog-grants', path: '/desk/#/accounts', role: 'administrator', sizes: [DESK_SIZE], ...dialogOf('.el-table__row .el-button >> nth=0') },
  { name: 'desk-dialog-reset', path: '/desk/#/accounts', role: 'administrator', sizes: [DESK_SIZE], ...dialogOf('.el-table__row .el-button >> nth=1') },
  { name: 'desk-dialog-enrol', path: '/desk/#/devices', role: 'administrator', sizes: [DESK_SIZE], ...dialogOf('.page-head .el-button--primary') },
  { name: 'desk-dialog-password', path: '/desk/#/accounts', role: 'administrator', sizes: [DESK_SIZE, PHONES[0]], ...dialogOf('.top .own') },
  { name: 'desk-dialog-round', path: '/desk/#/rounds', role: 'headquarters', sizes: [DESK_SIZE], ...dialogOf('.page-head .el-button--primary') },
  { name: 'desk-dialog-site', path: '/desk/#/sites', role: 'headquarters', sizes: [DESK_SIZE], ...dialogOf('.page-head .el-button--primary') },
  { name: 'desk-dialog-lab', path: '/desk/#/lab', role: 'headquarters', sizes: [DESK_SIZE], ...dialogOf('.page-head .el-button--primary') },
  { name: 'desk-dialog-kit', path: '/desk/#/lab', role: 'headquarters', sizes: [DESK_SIZE], ...dialogOf('.kits header .el-button') },
  {
    name: 'desk-round',
    path: '/desk/#/rounds',
    role: 'headquarters',
    sizes: [DESK_SIZE],
    ready: 'main a[href^="#/rounds/"]',
    open: async (page) => {
      await page.click('main a[href^="#/rounds/"]')
      await page.waitForURL(/#\/rounds\/./)
      await page.waitForSelector('main h1')
    },
  },
  { name: 'field', path: '/field/', role: 'registrar', sizes: PHONES },
  { name: 'resident-open', path: '/resident/', sizes: PHONES },
  {
    name: 'resident',
    path: '/resident/',
    sizes: PHONES,
    open: async (page) => {
      await page.click('.demo button')
      await page.waitForSelector('.my')
    },
  },
  {
    name: 'desk-person',
    path: '/desk/#/people',
    role: 'administrator',
    sizes: [DESK_SIZE],
    ready: 'main .find input',
    open: async (page) => {
      await page.fill('main .find input', 'z')
      await page.click('main .el-table__row a.name')
      await page.waitForSelector('main .merge-other')
    },
  },
  {
    name: 'desk-import-columns',
    path: '/desk/#/imports',
    role: 'administrator',
    sizes: [DESK_SIZE],
    ready: 'main .drop',
    open: (page) => uploadRegister(page, 1),
  },
  {
    name: 'desk-import-parked',
    path: '/desk/#/imports',
    role: 'administrator',
    sizes: [DESK_SIZE],
    ready: 'main .drop',
    open: parkOne,
  },
  {
    name: 'desk-dialog-import-every',
    path: '/desk/#/imports',
    role: 'administrator',
    sizes: [DESK_SIZE],
    ready: 'main .drop',
    open: async (page) => {
      await parkOne(page)
      await page.click('.every-update')
      await page.waitForSelector('dialog[open]')
    },
  },
  {
    name: 'desk-dialog-import-undo',
    path: '/desk/#/imports',
    role: 'administrator',
    sizes: [DESK_SIZE],
    ready: 'main .drop',
    open: async (page) => {
      await uploadRegister(page, 1)
      await takeRegisterIn(page)
      await page.click('main .act .el-button--danger')
      await page.waitForSelector('dialog[open]')
    },
  },
  {
    name: 'resident-code',
    path: '/resident/',
    sizes: PHONES,
    open: async (page) => {
      await page.click('.demo button')
      await page.waitForSelector('.my')
      await page.click('.my .qr')
      await page.waitForSelector('dialog[open]')
    },
  },
  ...DIALOGS,
]
