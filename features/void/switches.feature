Feature: Voids where operator and host have agreed otherwise
  Whether the card must be there for a void, and whether it needs its PIN, is a parameter; so is the code for a second void.

  @VOI-010 @host-control
  Scenario Outline: A void <how>
    Given the host and its tills agree that "void_needs_card" is "<card>"
    And the host and its tills agree that "void_needs_pin" is "<pin>"
    And till "T1" of "Noodle House" has signed in
    And Alice has paid 10.00 CNY at "T1"
    When Alice has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And the 1st void carries
      | field      | value   |
      | entry_mode | <entry> |
      | track_2    | <track> |
      | pin        | <block> |
    And Alice's card holds 1000.00 CNY

    Examples:
      | how                  | card  | pin   | entry | track | block |
      | with card and PIN    | true  | true  | 021   | *     | *     |
      | with card, no PIN    | true  | false | 022   | *     |       |
      | with PIN, no card    | false | true  | 011   |       | *     |
      | without card and PIN | false | false | 012   |       |       |

  @VOI-008 @host-control
  Scenario Outline: A second void is answered <code>
    Given the host and its tills agree that "voided_again" is "<code>"
    And till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"
    When Bob has the 1st sale voided at "T1"
    And "T1" is made to send a void of the 1st sale
    Then "T1" shows APPROVED
    And the answer to the 2nd void carries
      | field | value  |
      | code  | <code> |
    And Bob's card holds 5000.00 CNY

    Examples:
      | code |
      | 12   |
      | 22   |
