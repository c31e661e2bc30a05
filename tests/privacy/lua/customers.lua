-- SPDX-License-Identifier: Apache-2.0
local people = {} -- filled by the test

return {
  find = function(id)
    local p = people[id]
    if not p then return fail("not_found") end
    return { id = id, name = p.name, street = p.home, email = p.mail, phone = p.phone }
  end,
}
