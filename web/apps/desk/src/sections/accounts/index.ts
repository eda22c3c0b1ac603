import { Iphone, Reading, User } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Accounts, devices and the access log. Also the worked example of a section: routes, menu, messages, pages.
export default defineSection({
  name: 'accounts',
  menu: [
    { path: '/accounts', title: 'accounts.menu', icon: User, group: 'system', order: 10, roles: ['administrator'] },
    { path: '/devices', title: 'accounts.devices.menu', icon: Iphone, group: 'system', order: 20, roles: ['administrator'] },
    { path: '/access-log', title: 'accounts.log.menu', icon: Reading, group: 'system', order: 30, roles: ['administrator', 'auditor'] },
  ],
  routes: [
    { path: '/accounts', component: () => import('./AccountsPage.vue') },
    { path: '/devices', component: () => import('./DevicesPage.vue') },
    { path: '/access-log', component: () => import('./AccessLogPage.vue') },
  ],
  messages,
})
