Feature: A sale without the host
  The line is down, or the goods are cheap. The issuer gives a code on the telephone, or nobody is asked; the till sells alone and tells
  the host later.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @OFF-001 @host-control
  Scenario: A spoken authorization sells without a message
    When Bob pays 10.00 CNY offline at "T1" with code "654321"
    Then "T1" shows SOLD_OFFLINE
    And no message went to the host
    And "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line        | value              |
      | SLIP_TYPE   | @FLOW_OFFLINE_SALE |
      | SLIP_TRACE  | 000002             |
      | SLIP_AUTH   | 654321             |
      | SLIP_AMOUNT | 10.00 CNY          |
      | SLIP_RRN    |                    |
    And "T1" keeps 1 offline sale for the host
    And "Noodle House" is owed 0.00 CNY

  @OFF-001 @host-control
  Scenario: The host hears of it before the next online order
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob pays 20.00 CNY offline at "T1" with code "654322"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | amount       | auth_code | code |
      | T1   | offline-sale        | 2     | 000000001000 | 654321    |      |
      | host | offline-sale answer | 2     | 000000001000 | 654321    | 00   |
      | T1   | offline-sale        | 3     | 000000002000 | 654322    |      |
      | host | offline-sale answer | 3     | 000000002000 | 654322    | 00   |
      | T1   | sale                | 4     | 000000000500 |           |      |
      | host | sale answer         | 4     | 000000000500 | *         | 00   |
    And "T1" keeps no offline sales for the host
    And Bob's card holds 4965.00 CNY
    And "Noodle House" is owed 35.00 CNY

  @OFF-001 @unionpay
  Scenario: UnionPay's message tells that the authorization was spoken
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    When Bob swipes 5.00 CNY at "T1"
    Then the 1st offline-sale carries
      | field              | value  |
      | auth_code          | 654321 |
      | original_auth_mode | 01     |
      | pin                |        |

  @OFF-001
  Scenario: It sells while the line is down
    Given the line refuses connections
    And Bob swipes 5.00 CNY at "T1"
    When Bob pays 10.00 CNY offline at "T1" with code "654321"
    Then "T1" shows SOLD_OFFLINE
    And "T1" prints 2 receipts

  @OFF-002 @host-control
  Scenario: An offline sale outlives a power cut
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    When "T1" starts again
    And Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | code |
      | T1   | offline-sale        | 2     |      |
      | host | offline-sale answer | 2     | 00   |
      | T1   | sale                | 3     |      |
      | host | sale answer         | 3     | 00   |
    And Bob's card holds 4985.00 CNY
    And "Noodle House" is owed 15.00 CNY

  @OFF-003 @clock @host-control
  Scenario: An upload without an answer comes again as it was, and is posted once
    Given the line loses the answer to the 1st offline-sale
    And Bob pays 10.00 CNY offline at "T1" with code "654321"
    When Bob swipes 5.00 CNY at "T1"
    And Bob swipes 6.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | code | note |
      | T1   | offline-sale        | 2     |      |      |
      | host | offline-sale answer | 2     | 00   | lost |
      | T1   | sale                | 3     |      |      |
      | host | sale answer         | 3     | 00   |      |
      | T1   | offline-sale        | 2     |      |      |
      | host | offline-sale answer | 2     | 00   |      |
      | T1   | sale                | 4     |      |      |
      | host | sale answer         | 4     | 00   |      |
    And Bob's card holds 4979.00 CNY
    And "Noodle House" is owed 21.00 CNY

  @OFF-004 @host-control
  Scenario: What was authorised by voice is posted though the money is gone
    Given Alice's debit card holds 12.00 CNY
    And Alice pays 10.00 CNY offline at "T1" with code "654321"
    And Alice pays 10.00 CNY offline at "T1" with code "654322"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And the host has the 2nd offline-sale as approved
    And "Noodle House" is owed 25.00 CNY

  @OFF-005 @host-control
  Scenario: Below the floor limit nobody is asked
    Given "T1" sells below 50.00 CNY without asking
    When Bob pays 49.99 CNY offline at "T1"
    And Bob swipes 5.00 CNY at "T1"
    Then "T1" shows SOLD_OFFLINE
    And these messages went over the wire
      | from | message             | trace | auth_code | code |
      | T1   | offline-sale        | 2     |           |      |
      | host | offline-sale answer | 2     |           | 00   |
      | T1   | sale                | 3     |           |      |
      | host | sale answer         | 3     | *         | 00   |
    And "Noodle House" is owed 54.99 CNY

  @OFF-005
  Scenario: At the floor limit the cashier has to call
    Given "T1" sells below 50.00 CNY without asking
    When Bob pays 50.00 CNY offline at "T1"
    Then "T1" shows CALL_FOR_CODE
    And "T1" prints no receipts
    And "T1" keeps no offline sales for the host

  @OFF-006 @host-control
  Scenario: What nobody authorised and the issuer refuses goes back from the merchant
    Given Alice's debit card holds 12.00 CNY
    And "T1" sells below 50.00 CNY without asking
    And Alice pays 20.00 CNY offline at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 1st offline-sale as charged
    And Alice's card holds 12.00 CNY
    And "Noodle House" is owed 5.00 CNY

  @OFF-006 @host-control @unionpay
  Scenario: What went back from the merchant was sold all the same, and stands in the totals
    Given Alice's debit card holds 12.00 CNY
    And "T1" sells below 50.00 CNY without asking
    And Alice pays 20.00 CNY offline at "T1"
    When the cashier settles at "T1"
    Then "T1" shows BALANCED
    And the host has the 1st offline-sale as charged
    And "Noodle House" is owed 0.00 CNY

  @OFF-007 @host-control
  Scenario: The void of what has not left stays between till and guest
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob's offline sale is voided at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 3     |      |
      | host | sale answer | 3     | 00   |
    And Bob's card holds 4995.00 CNY
    And "Noodle House" is owed 5.00 CNY

  @OFF-007
  Scenario: Such a void has a slip
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    When Bob's offline sale is voided at "T1"
    Then "T1" shows VOIDED_HERE
    And no message went to the host
    And the customer copy of "T1" has
      | line       | value      |
      | SLIP_TYPE  | @FLOW_VOID |
      | SLIP_TRACE | 000002     |
      | SLIP_TOTAL | 10.00 CNY  |
    And "T1" keeps no offline sales for the host

  @OFF-008 @host-control
  Scenario: The void of what the host has posted gives all back
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob swipes 5.00 CNY at "T1"
    When Bob's offline sale is voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | amount       | code |
      | T1   | void        | 4     | 000000001000 |      |
      | host | void answer | 4     | 000000001000 | 00   |
    And Bob's card holds 4995.00 CNY
    And "Noodle House" is owed 5.00 CNY

  @OFF-008 @clock @host-control
  Scenario: What may have arrived is delivered before it is voided
    Given the line loses the answer to the 1st offline-sale
    And Bob pays 10.00 CNY offline at "T1" with code "654321"
    And Bob swipes 5.00 CNY at "T1"
    When Bob's offline sale is voided at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | code |
      | T1   | offline-sale        | 2     |      |
      | host | offline-sale answer | 2     | 00   |
      | T1   | void                | 4     |      |
      | host | void answer         | 4     | 00   |
    And Bob's card holds 4995.00 CNY
    And "Noodle House" is owed 5.00 CNY

  @OFF-009 @host-control
  Scenario: No batch ends while the host lacks an offline sale
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And the host answers the 1st offline-sale with "96"
    When the cashier signs out at "T1"
    Then "T1" shows ADVICE_PENDING
    And "T1" is signed in
    And "T1" keeps 1 offline sale for the host

  @OFF-009 @host-control
  Scenario: The sign-out delivers first
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    When the cashier signs out at "T1"
    Then "T1" shows SIGNED_OUT
    And these messages went over the wire
      | from | message             | trace | code |
      | T1   | offline-sale        | 2     |      |
      | host | offline-sale answer | 2     | 00   |
      | T1   | sign-out            | 3     |      |
      | host | sign-out answer     | 3     | 00   |
    And "Noodle House" is owed 10.00 CNY

  @OFF-010 @host-control
  Scenario Outline: While the host does not know <who> it has not refused what the till has sold
    Given Bob pays 10.00 CNY offline at "T1" with code "654321"
    And <who> is disabled at the host
    When Bob swipes 5.00 CNY at "T1"
    And <who> is known again at the host
    And the cashier signs in at "T1"
    And Bob swipes 6.00 CNY at "T1"
    Then "T1" shows <screen>
    And "T1" does not show OFFLINE_REFUSED
    And "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And the host has the 1st offline-sale as approved
    And Bob's card holds 4984.00 CNY
    And "Noodle House" is owed 16.00 CNY

    Examples:
      | who            | screen                  |
      | "T1"           | TERMINAL_NOT_PERMITTED  |
      | "Noodle House" | MERCHANT_NOT_REGISTERED |

  @OFF-010 @clock @host-control
  Scenario: So it is with a refund that waits for the host
    Given Bob has paid 10.00 CNY at "T1"
    And the line loses every refund
    And Bob has 4.00 CNY of the 1st sale refunded at "T1"
    And the line works again
    And "T1" is disabled at the host
    When Bob swipes 5.00 CNY at "T1"
    And "T1" is known again at the host
    And the cashier signs in at "T1"
    Then "T1" shows ADVICE_PENDING
    And "T1" shows ADVICE_DELIVERED
    And Bob's card holds 4994.00 CNY
    And "Noodle House" is owed 6.00 CNY
