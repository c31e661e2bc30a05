-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- __len that lies to table.unpack.

return {
  run = function()
    return #{ table.unpack(setmetatable({}, { __len = function() return 100000000 end })) }
  end,
}
