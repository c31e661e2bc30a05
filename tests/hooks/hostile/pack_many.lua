-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A million arguments.

return {
  run = function()
    local t = {}
    for i = 1, 200000 do t[i] = 1 end
    return #table.pack(table.unpack(t, 1, 200000), table.unpack(t, 1, 200000), table.unpack(t))
  end,
}
