// Every page that is visited, at its sizes. Pages of the desk are not listed: they are whatever each
// role finds in its sidebar, so a new section is visited from the day it exists.
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
]
