-- SPDX-License-Identifier: Apache-2.0
local gifts = {}
function gifts.count(args
  return 3
end
return gifts
