-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __len that lies to table.insert.

return {
  run = function()
    table.insert(setmetatable({}, { __len = function() return 1000000000000000 end }), 1, 1)
  end,
}
