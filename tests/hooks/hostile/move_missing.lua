-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Table.move is not there: a lying length would have it move for ever.

return {
  run = function()
    return table.move({}, 1, 1000000000000, 2)
  end,
}
