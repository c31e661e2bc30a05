-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- __len that lies to table.concat.

return {
  run = function()
    return #table.concat(setmetatable({}, {
      __len = function() return 1000000000000 end,
      __index = function() return "" end,
    }))
  end,
}
