import { Iphone, User } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Accounts and devices. Also the worked example of a section: routes, menu, messages, pages.
export default defineSection({
  name: 'accounts',
  menu: [
    { path: '/accounts', title: 'accounts.menu', icon: User, group: 'system', order: 10, roles: ['administrator'] },
    { path: '/devices', title: 'accounts.devices.menu', icon: Iphone, group: 'system', order: 20, roles: ['administrator'] },
  ],
  routes: [
    { path: '/accounts', component: () => import('./AccountsPage.vue') },
    { path: '/devices', component: () => import('./DevicesPage.vue') },
  ],
  messages,
})
